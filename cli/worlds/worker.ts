/** Owns the thread that lives simulated worlds, one order after the other. */
import { parentPort } from 'node:worker_threads';
import { verifyStrictNode } from '../../node/verifier.ts';
import { simulate } from '../../sim/report.ts';
import type { Told } from '../../sim/watch.ts';
import { signQuickly, quickVerifier as verifier } from '../quick-signatures.ts';
import type { FromWorker, WorldOrder } from './messages.ts';

/** Real milliseconds between two reports of progress. */
const PROGRESS_MS = 200;
/** Lines of a trace sent at once. */
const TOLD_MAX = 500;

const port = parentPort!;
const say = (message: FromWorker): void => port.postMessage(message);

async function live({ seed, plan, minutes, replay, trace }: WorldOrder): Promise<void> {
  let saidAt = performance.now();
  let told: Told[] = [];
  const flush = (): void => {
    if (told.length > 0) say({ type: 'told', told });
    told = [];
  };
  const report = await simulate({
    seed,
    plan,
    safetyMs: minutes * 60_000,
    replay,
    verifier,
    sign: signQuickly,
    verify: verifyStrictNode,
    progress(phase, nowMs) {
      if (performance.now() - saidAt < PROGRESS_MS) return;
      saidAt = performance.now();
      say({ type: 'progress', phase, nowMs });
      flush();
    },
    ...(trace && {
      trace(line: Told) {
        told.push(line);
        if (told.length >= TOLD_MAX) flush();
      },
    }),
  });
  flush();
  say({ type: 'report', report });
}

port.on('message', (order: WorldOrder) => {
  // An error of the simulator itself, which nobody catches, ends the thread, and the command with it.
  void live(order);
});
