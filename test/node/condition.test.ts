import { expect, test } from 'vitest';
import { nextStep } from '../../node/aborts.ts';
import { ClockWatch, describeClock } from '../../node/clock-watch.ts';
import {
  conditionOf,
  conditionOfBlocks,
  describeCondition,
  SOUND,
  type StorageFacts,
} from '../../node/condition.ts';

const at = (height: number) => ({ height, work: BigInt(height * 100) });
const facts = (more: Partial<StorageFacts>): StorageFacts => ({
  loss: null,
  reached: null,
  tip: at(0),
  best: at(0),
  rebuilding: null,
  syncing: false,

  ...more,
});
const gone = { reason: 'incomplete', kept: 'db.corrupt-1' } as const;

test('a new node and one that has what it had are sound', () => {
  expect(conditionOf(facts({}))).toEqual(SOUND);
  expect(conditionOf(facts({ reached: at(5), tip: at(5) }))).toEqual(SOUND);
  expect(conditionOf(facts({ reached: at(5), tip: at(9), loss: gone }))).toEqual(SOUND);
  expect(describeCondition(SOUND)).toBeNull();
});

test('what is missing is lost until a peer has it, then fetched, and rebuilt where the blocks are here', () => {
  const missing = { reached: at(50), loss: gone, tip: at(3) };
  const lost = conditionOf(facts({ ...missing, best: at(3) }));
  expect(lost).toMatchObject({ state: 'lost', done: 3, of: 50, kept: 'db.corrupt-1' });
  expect(describeCondition(lost)).toMatch(/lost here.*block 3 of 50.*gone.*db\.corrupt-1/);
  // A peer that has less than what was reached is no help.
  expect(conditionOf(facts({ ...missing, best: at(40) })).state).toBe('lost');
  expect(conditionOf(facts({ ...missing, best: at(50) })).state).toBe('fetching');
  expect(conditionOf(facts({ ...missing, best: at(3), rebuilding: { height: 3, of: 50 } })).state).toBe(
    'rebuilding',
  );
  expect(conditionOf(facts({ ...missing, tip: at(50) }))).toEqual(SOUND);
});

test('blocks that the files have lost are fetched if there are peers, and lost while there are none', () => {
  const tip = at(50);
  expect(conditionOfBlocks({ tip, lostBlocks: 0, linked: false })).toEqual(SOUND);
  expect(conditionOfBlocks({ tip, lostBlocks: 1, linked: true }).state).toBe('fetching');
  const lost = conditionOfBlocks({ tip, lostBlocks: 50, linked: false });
  expect(lost).toMatchObject({ state: 'lost', done: 0, of: 50 });
  expect(describeCondition(lost)).toContain('damaged or deleted: 50');
});

test('where no height was noted, a loss lasts until it has all that its peers have', () => {
  expect(conditionOf(facts({ loss: gone })).state).toBe('lost');
  expect(conditionOf(facts({ loss: gone, best: at(9), syncing: true })).state).toBe('fetching');
  expect(conditionOf(facts({ loss: gone, tip: at(9), best: at(9) }))).toEqual(SOUND);
});

test('one crash is chance, the second moves the database aside, new databases that crash are given up', () => {
  const crash = { at: 0, signal: 'SIGABRT', moved: false };
  const moved = { ...crash, moved: true };
  expect(nextStep([crash])).toBe('restart');
  expect(nextStep([crash, crash])).toBe('moveAside');
  expect(nextStep([crash, moved, crash])).toBe('restart');
  expect(nextStep([crash, moved, crash, crash])).toBe('moveAside');
  expect(nextStep([crash, moved, crash, moved, crash, crash])).toBe('giveUp');
});

test('a tip ahead of the clock is explained, with the jump if there was one', () => {
  const wallMs = 1_800_000_000_000;
  const futureMs = 5_000;
  expect(describeClock({ wallMs, tipMs: wallMs + futureMs, futureMs, jump: null })).toBeNull();
  const text = describeClock({ wallMs, tipMs: wallMs + 600_000, futureMs, jump: null });
  expect(text).toBe(
    'the last block is 10 min ahead of this clock: no block can follow before 2027-01-15T08:09:55.000Z. Set the clock right, or wait until then',
  );
  const jump = { atMs: wallMs - 1_000, byMs: -600_000 };
  expect(describeClock({ wallMs, tipMs: wallMs + 600_000, futureMs, jump })).toMatch(
    /put back by 10 min\. Set/,
  );
});

test('a jump of the clock is one against the clock that only goes forward', () => {
  const watch = new ClockWatch(1_000_000, 50);
  expect(watch.look(1_001_000, 1_050)).toBeNull();
  // The system's time service slews.
  expect(watch.look(1_002_900, 2_050)).toBeNull();
  expect(watch.look(402_900, 2_051)).toMatchObject({ atMs: 402_900, byMs: expect.closeTo(-600_001, 0) });
  expect(watch.look(403_900, 3_051)).toBeNull();
  expect(watch.last).not.toBeNull();
});
