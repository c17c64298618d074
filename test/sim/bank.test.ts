/** The bank of faults: every change still has its place in the sources, and the quick ones are caught. `npm run bank` tries all. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { tryFault } from './bank/bank.mjs';
import { FAULTS } from './bank/faults.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const STORAGE = ['silent rows', 'moving tip', 'mending across branches'];
/** Scenes that take a fraction of a second, or little more. */
const QUICK = [
  'idle header',
  'short ids',
  'power cut',
  'acknowledged',
  'gap flood',
  'silent announcer',
  ...STORAGE,
];

test('every fault has exactly one place in the sources', () => {
  expect(FAULTS.length).toBeGreaterThanOrEqual(25);
  for (const { name, edits } of FAULTS)
    for (const { file, find } of edits)
      expect(readFileSync(ROOT + file, 'utf8').split(find).length - 1, `${name}, in ${file}`).toBe(1);
});

test('the sound world stands in those scenes', { timeout: 60_000 }, async () => {
  const control = { name: 'control', edits: [], scenes: QUICK };
  expect(await tryFault(control, { only: true })).toEqual({ scene: null, seen: '' });
});

const quick = FAULTS.filter(({ scenes }) => scenes.some((scene) => QUICK.includes(scene)));

test.each(quick)('$name: caught', { timeout: 60_000 }, async (fault) => {
  const { scene } = await tryFault(fault, { only: true });
  expect(scene, `not caught: ${fault.name}`).not.toBe(null);
});
