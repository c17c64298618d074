/**
 * Only the owner: a table of all the ways for somebody else to move what isn't theirs. Mallory has money and any keys but
 * those of the others. Each attempt is a block of the real ledger that must be refused, and the state stays as it was.
 */
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../chain/errors.ts';
import type { Kind } from '../../../chain/format/transaction.ts';
import {
  addressFor,
  claim,
  type Draft,
  drop,
  give,
  put,
  recordFor,
  recover,
  revoke,
  rotate,
  setRecovery,
  transfer,
  transferMany,
  veto,
} from '../actors.ts';
import { TEST_PARAMS } from '../builder.ts';
import { compareState } from '../ledger/compare.ts';
import { Play } from '../ledger/play.ts';

const PARAMS = {
  ...TEST_PARAMS,
  allocations: [...TEST_PARAMS.allocations, { address: addressFor('mallory'), amount: 1_000_000_000 }],
};
const DEED = recordFor('alice', 'deed');
const GONE = recordFor('alice', 'gone');
const GIVEN = recordFor('alice', 'given');

/**
 * Alice owns a deed and a dropped record, and gave one to carol; bob may recover her. Everybody has signed something, so
 * their keys are on the ledger.
 */
const BEFORE: Draft[][] = [
  [
    put('alice', 'deed', 'mine'),
    put('alice', 'gone', 'x'),
    drop('alice', GONE),
    put('alice', 'given', 'x'),
    give('alice', GIVEN, 'carol'),
  ],
  [setRecovery('alice', 'bob', 3), transfer('bob', 'alice', 1), transfer('carol', 'bob', 1)],
  [transfer('mallory', 'carol', 1)],
];

const forged = { forge: 'signature' } as const;
const byMallory = { key: 'mallory' } as const;
const elsewhere = { chainId: new Uint8Array(32).fill(9) };

/** Every kind of transaction that moves something of alice's, as if she sent it. */
const AS_ALICE: Record<Kind, (options: object) => Draft> = {
  transfer: (options) => transfer('alice', 'mallory', 5, options),
  put: (options) => put('alice', 'deed', 'theirs', options),
  give: (options) => give('alice', DEED, 'mallory', options),
  drop: (options) => drop('alice', DEED, options),
  rotate: (options) => rotate('alice', 'mallory 2', options),
  setRecovery: (options) => setRecovery('alice', 'mallory', 1, options),
  recover: (options) => recover('alice', 'alice', 'mallory 2', options),
  veto: (options) => veto('alice', 'alice', options),
  claim: (options) => claim('alice', 'alice', options),
  revoke: (options) => revoke('alice', options),
};
/** Every kind as the recovery account would send it. */
const AS_BOB: [string, (options: object) => Draft][] = [
  ['recover', (options) => recover('bob', 'alice', 'mallory 2', options)],
  ['veto', (options) => veto('bob', 'alice', options)],
  ['claim', (options) => claim('bob', 'alice', options)],
];

const IMPOSTURES: [string, object, ErrorCode][] = [
  ["with mallory's key", byMallory, 'WRONG_KEY'],
  ["with the owner's public key and a forged signature", forged, 'BAD_SIGNATURE'],
  ["with the owner's signature for another ledger", elsewhere, 'BAD_SIGNATURE'],
];

async function refuse(bad: readonly Draft[], code: ErrorCode, before = BEFORE): Promise<void> {
  const play = await Play.start(PARAMS);
  for (const [i, transactions] of before.entries()) play.chain.block(`v${i}`, { transactions });
  const last = `v${before.length - 1}`;
  play.chain.block('bad', { on: last, transactions: bad });
  expect(await play.blocks(...before.map((_, i) => `v${i}`))).toEqual(before.map(() => null));
  expect(await play.block('bad')).toBe(code);
  expect(play.tip).toBe(last);
  await compareState(play.real, play.chain.get(last).state!);
}

describe.each(Object.keys(AS_ALICE) as Kind[])("nobody sends a %s in another's name", (kind) => {
  it.each(IMPOSTURES)('%s', (_how, options, code) => refuse([AS_ALICE[kind](options)], code));
});

describe.each(AS_BOB)('nobody plays the recovery account in a %s', (_kind, make) => {
  it.each(IMPOSTURES)('%s', (_how, options, code) => refuse([make(options)], code));
});

describe('in their own name, others are refused', () => {
  const cases: [string, ErrorCode, Draft][] = [
    ['changing a record', 'NOT_OWNER', put('mallory', 'deed', 'theirs', { creator: 'alice' })],
    ['making a dropped record again', 'NOT_OWNER', put('mallory', 'gone', 'theirs', { creator: 'alice' })],
    ["making a record in another's name", 'NOT_OWNER', put('mallory', 'new', 'theirs', { creator: 'alice' })],
    ['giving a record to themselves', 'NOT_OWNER', give('mallory', DEED, 'mallory')],
    ['giving a dropped record to themselves', 'NOT_OWNER', give('mallory', GONE, 'mallory')],
    ['dropping a record', 'NOT_OWNER', drop('mallory', DEED)],
    ['the creator changing what was given away', 'NOT_OWNER', put('alice', 'given', 'back')],
    ['the creator taking back what was given away', 'NOT_OWNER', give('alice', GIVEN, 'alice')],
    ['the creator dropping what was given away', 'NOT_OWNER', drop('alice', GIVEN)],
    ['the recovery account changing a record', 'NOT_OWNER', put('bob', 'deed', 'x', { creator: 'alice' })],
    ['the recovery account giving a record', 'NOT_OWNER', give('bob', DEED, 'bob')],
    ['the recovery account dropping a record', 'NOT_OWNER', drop('bob', DEED)],
    ['the recovery account claiming without waiting', 'NOTHING_PENDING', claim('bob', 'alice')],
    ['recovering an account to themselves', 'NOT_RECOVERY', recover('mallory', 'alice', 'mallory 2')],
    ['claiming an account', 'NOT_RECOVERY', claim('mallory', 'alice')],
    ['vetoing for another', 'NOT_RECOVERY', veto('mallory', 'alice')],
    ['recovering an account that named nobody', 'NO_RECOVERY', recover('mallory', 'carol', 'mallory 2')],
    ['claiming an account that named nobody', 'NO_RECOVERY', claim('mallory', 'carol')],
  ];
  it.each(cases)('%s: %s', (_what, code, draft) => refuse([draft], code));
});

describe('what was once signed moves nothing again', () => {
  it.each([
    ['a transfer', 'NONCE_USED', transfer('alice', 'carol', 5)],
    ['a put', 'NONCE_USED', put('alice', 'deed', 'two')],
    ['a rotation', 'WRONG_KEY', rotate('alice', 'alice 2')],
  ])('%s: %s', async (_what, code, draft) => {
    const play = await Play.start(PARAMS);
    const [first] = play.chain.block('a1', { transactions: [draft] }).transactions;
    play.chain.block('a2', { transactions: [first!] });
    expect(await play.blocks('a1', 'a2')).toEqual([null, code]);
    expect(play.tip).toBe('a1');
  });

  it("a new key's consent, in another's rotation", async () => {
    // Mallory wants carol's key in her own account, so that carol's signatures count there.
    await refuse([rotate('mallory', 'carol', { forge: 'proof' })], 'BAD_SIGNATURE');
  });
});

describe('a key that is no longer current moves nothing', () => {
  const old = { key: 'alice' };
  const rotated = [...BEFORE, [rotate('alice', 'alice 2')]];
  it.each(Object.entries(AS_ALICE))('in a %s', (_kind, make) => refuse([make(old)], 'WRONG_KEY', rotated));

  it.each([
    ['money', transferMany('alice', [['mallory', 1]])],
    ['a record', give('alice', DEED, 'mallory')],
    ['its key', rotate('alice', 'alice 2')],
    ['its recovery account', setRecovery('alice', 'mallory', 1)],
  ])('nor does one that was locked: %s', (_what, draft) =>
    refuse([draft], 'LOCKED', [...BEFORE, [revoke('alice')]]),
  );
});
