/** Owns waiting for a condition: asked again and again until it holds or the time is up. */
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 30;

/** True as soon as `condition` holds, false if it doesn't within `timeoutMs`. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  pollMs = POLL_MS,
): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= end) return false;
    await sleep(pollMs);
  }
}
