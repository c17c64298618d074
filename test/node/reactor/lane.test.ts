import { expect, test } from 'vitest';
import { Lane } from '../../../node/reactor/lane.ts';

/** A promise and the way to settle it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

test('work runs one piece after the other, in order, and its result comes back', async () => {
  const lane = new Lane(() => {});
  const seen: string[] = [];
  const { opened, open } = gate();
  const first = lane.run(async () => {
    seen.push('first begins');
    await opened;
    seen.push('first ends');
    return 1;
  });
  const second = lane.run(async () => {
    seen.push('second');
    return 2;
  });
  expect(lane.busy).toBe(true);
  await Promise.resolve();
  expect(seen).toEqual(['first begins']);
  open();
  expect([await first, await second]).toEqual([1, 2]);
  expect(seen).toEqual(['first begins', 'first ends', 'second']);
  await lane.settled();
  expect(lane.busy).toBe(false);
});

test('a failure is told once, to the owner and to whoever waits, and what is behind it still runs', async () => {
  const failures: unknown[] = [];
  const lane = new Lane((error) => failures.push(error));
  const error = new Error('broken');
  const failing = lane.run(async () => {
    throw error;
  });
  const behind = lane.run(async () => 'ran');
  await expect(failing).rejects.toBe(error);
  expect(await behind).toBe('ran');
  expect(failures).toEqual([error]);
});

test('is settled only when what work has queued is done too', async () => {
  const lane = new Lane(() => {});
  const seen: number[] = [];
  const next = (left: number): void => {
    void lane.run(async () => {
      seen.push(left);
      if (left > 0) next(left - 1);
    });
  };
  next(3);
  await lane.settled();
  expect([seen, lane.busy]).toEqual([[3, 2, 1, 0], false]);
});
