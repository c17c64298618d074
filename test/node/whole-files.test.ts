import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { damagesOf, type FileDamage } from '../soak/file-damage.ts';
import { tryDamage } from '../soak/file-trial.ts';
import { Stage } from '../soak/stage.ts';

/** Some of each kind; all of them are in `npm run soak -- files`. */
const CASES: readonly [name: RegExp, outcome: 'right' | 'refused'][] = [
  [/^db\/CURRENT deleted$/, 'right'],
  [/^db\/MANIFEST-\d+ zeroed$/, 'right'],
  [/^db of an earlier time$/, 'right'],
  [/^chain\/headers is a folder$/, 'right'],
  [/^chain\/headers cut to 0 /, 'right'],
  [/^identity is no text$/, 'refused'],
  [/^genesis\.json is no JSON$/, 'refused'],
  [/^genesis\.json gone, none given$/, 'refused'],
];

let stage: Stage;
let damages: FileDamage[];

beforeAll(async () => {
  stage = await Stage.set(inject('bundle'));
  damages = damagesOf(stage.gold.data, stage.gold.old);
}, 180_000);
afterAll(() => stage?.remove());

test.each(CASES)(
  'a node on a folder with %s is %s, without a peer',
  { timeout: 240_000 },
  async (name, outcome) => {
    const damage = damages.find((each) => name.test(each.name))!;
    expect(await tryDamage(stage, stage.gold.data, 'damaged', damage)).toMatchObject({ outcome });
  },
);
