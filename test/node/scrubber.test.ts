/** When a node looks through its old rows, by a clock that the test moves. */
import { expect, test } from 'vitest';
import { MemoryStore } from '../../chain/ledger/memory-store.ts';
import type { Timer } from '../../node/ports.ts';
import { Scrubber } from '../../node/scrubber.ts';
import { ChainBuilder } from '../chain/builder.ts';
import { feed, openLedger } from '../chain/ledger/life.ts';

const STEP_MS = 500;
/** More blocks than a step looks through. */
const BLOCKS = 100;

/** Starts a scrubber whose every step takes `stepTakesMs`; `wake` runs the next, and says how long it was waited for. */
async function startScrubber(stepTakesMs: number) {
  const chain = new ChainBuilder();
  const names = Array.from({ length: BLOCKS }, (_, i) => `b${i}`);
  for (const name of names) chain.block(name);
  const ledger = await openLedger(new MemoryStore());
  await feed(ledger, chain, names);
  let nowMs = 0;
  let pending: { atMs: number; wake: () => void } | null = null;
  let isSet: () => void = () => undefined;
  let set = new Promise<void>((resolve) => {
    isSet = resolve;
  });
  const timer: Timer = {
    set(atMs, wake) {
      pending = { atMs, wake };
      isSet();
    },
    cancel() {
      pending = null;
    },
  };
  let isBusy = false;
  const scrubber = new Scrubber({
    ledger,
    timer,
    clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
    busy: () => isBusy,
    fatal: (error) => expect.unreachable(String(error)),
  });
  scrubber.start();
  const wake = async (): Promise<number> => {
    const { atMs, wake } = pending!;
    const waitedMs = atMs - nowMs;
    nowMs = atMs;
    set = new Promise((resolve) => {
      isSet = resolve;
    });
    wake();
    if (!isBusy) nowMs += stepTakesMs;
    await set;
    return waitedMs;
  };
  return {
    scrubber,
    wake,
    setBusy(busy: boolean) {
      isBusy = busy;
    },
  };
}

test.each([
  [3, STEP_MS],
  [100, 1_900],
])('after a step of %i ms it rests for %i ms', async (stepTakesMs, restMs) => {
  const { scrubber, wake } = await startScrubber(stepTakesMs);
  expect(await wake()).toBe(STEP_MS);
  expect(scrubber.progress.height).toBe(32);
  expect(await wake()).toBe(restMs);
  expect(await wake()).toBe(restMs);
  expect(scrubber.progress.height).toBe(96);
  await scrubber.stop();
});

test('other work goes first', async () => {
  const { scrubber, wake, setBusy } = await startScrubber(100);
  setBusy(true);
  for (let i = 0; i < 3; i++) expect(await wake()).toBe(STEP_MS);
  expect(scrubber.progress.height).toBe(0);
  setBusy(false);
  expect(await wake()).toBe(STEP_MS);
  expect(scrubber.progress.height).toBe(32);
  await scrubber.stop();
});
