/** Bits flipped in the files of LevelDB: no answer is wrong. `npm run soak -- flip` tries thousands. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, inject, test } from 'vitest';
import { bundleInto } from '../../cli/build.mjs';
import { makeGold, runFlips } from './flip-batches.ts';

const folder = mkdtempSync(join(tmpdir(), 'pier-flips-'));
const built = mkdtempSync(join(fileURLToPath(inject('bundle')), '..', '.flips-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(built, { recursive: true, force: true });
});

test('single bits of LevelDB files lead to no wrong answer, and all is repaired', {
  timeout: 300_000,
}, async () => {
  await bundleInto(built, { run: 'test/bench/programs/flip-run.ts' });
  const program = join(built, 'run.js');
  const gold = join(folder, 'gold');
  makeGold(program, gold);
  const scratch = join(folder, 'run');
  const tally = await runFlips(program, { gold, scratch, seed: 7, from: 0, count: 24 });
  expect(tally.wrong).toEqual([]);
  expect(tally.hit + tally.aborted).toBeGreaterThanOrEqual(12);
  expect(tally.silent).toBeGreaterThan(0);
});
