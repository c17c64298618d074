/** Owns what commands get from this machine: HTTP, timers and clocks. Tests put their own in its place. */
import type { Fetch, Timer } from '../wallet/http.ts';
import { httpFetch } from './http-fetch.ts';

export interface World {
  readonly fetch: Fetch;
  readonly timer: Timer;
  /** Milliseconds that only grow, for measuring how long something takes. */
  nowMs(): number;
}

export const timer: Timer = {
  after(ms, callback) {
    const handle = setTimeout(callback, ms);
    return () => clearTimeout(handle);
  },
};

export const world: World = { fetch: httpFetch, timer, nowMs: () => performance.now() };

export function sleep({ timer }: Pick<World, 'timer'>, ms: number): Promise<void> {
  return new Promise((resolve) => timer.after(ms, resolve));
}
