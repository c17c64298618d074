/** Consensus cases, drawn: every rule that a transaction or a state root can break, and what just doesn't. */
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../chain/errors.ts';
import {
  addressFor,
  authKeyFor,
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
import { hexOf } from '../model/hex.ts';
import type { ModelState } from '../model/state.ts';
import { compareState } from './compare.ts';
import { Play } from './play.ts';

const zeros = new Uint8Array(32);

/** Plays the valid blocks, one for each list of drafts, and then a block that must be refused with `code`. */
async function refuseAfter(
  code: ErrorCode,
  before: readonly Draft[][],
  bad: readonly Draft[],
): Promise<void> {
  const play = await Play.start();
  for (const [i, transactions] of before.entries()) play.chain.block(`v${i}`, { transactions });
  const on = before.length === 0 ? 'genesis' : `v${before.length - 1}`;
  play.chain.block('bad', { on, transactions: bad });
  expect(await play.blocks(...before.map((_, i) => `v${i}`))).toEqual(before.map(() => null));
  expect(await play.block('bad')).toBe(code);
  expect(play.tip).toBe(on);
  await compareState(play.real, play.chain.get(on).state!);
}

/** The block is good. */
async function accept(before: readonly Draft[][]): Promise<ModelState> {
  const play = await Play.start();
  for (const [i, transactions] of before.entries()) play.chain.block(`v${i}`, { transactions });
  expect(await play.blocks(...before.map((_, i) => `v${i}`))).toEqual(before.map(() => null));
  const state = play.chain.get(`v${before.length - 1}`).state!;
  await compareState(play.real, state);
  return state;
}

describe('a block is refused whose transaction', () => {
  const cases: [string, ErrorCode, Draft[][], Draft[]][] = [
    ['is signed for another ledger', 'BAD_SIGNATURE', [], [transfer('alice', 'bob', 1, { chainId: zeros })]],
    ['has a spoilt signature', 'BAD_SIGNATURE', [], [transfer('alice', 'bob', 1, { forge: 'signature' })]],
    ["lacks the new key's consent", 'BAD_SIGNATURE', [], [rotate('alice', 'alice 2', { forge: 'proof' })]],
    ['expired one block ago', 'EXPIRED', [[]], [transfer('alice', 'bob', 1, { validUntil: 1 })]],
    ['pays too little', 'FEE_TOO_LOW', [], [transfer('alice', 'bob', 1, { fee: 1 })]],
    ['comes from nobody', 'NO_ACCOUNT', [], [transfer('stranger', 'bob', 1)]],
    ['is signed by another key', 'WRONG_KEY', [], [transfer('alice', 'bob', 1, { key: 'bob' })]],
    [
      'is signed by a key that was replaced',
      'WRONG_KEY',
      [[rotate('alice', 'alice 2')]],
      [transfer('alice', 'bob', 1, { key: 'alice' })],
    ],
    [
      'comes from a locked account',
      'LOCKED',
      [[setRecovery('alice', 'bob', 3), revoke('alice')]],
      [transfer('alice', 'bob', 1)],
    ],
    [
      'repeats a nonce',
      'NONCE_USED',
      [],
      [transfer('alice', 'bob', 1), transfer('alice', 'bob', 1, { nonce: 0 })],
    ],
    [
      'repeats a nonce of an earlier block',
      'NONCE_USED',
      [[transfer('alice', 'bob', 1)]],
      [transfer('alice', 'bob', 1, { nonce: 0 })],
    ],
    ['skips a nonce', 'NONCE_GAP', [], [transfer('alice', 'bob', 1, { nonce: 1 })]],
    ['spends more than there is', 'OVERSPEND', [], [transfer('alice', 'bob', 1_000_000_000)]],
    [
      'spends more than there can be',
      'OVERSPEND',
      [],
      [
        transferMany('alice', [
          ['bob', 2 ** 53 - 1],
          ['carol', 2 ** 53 - 1],
          ['bob', 2],
        ]),
      ],
    ],
    [
      'has a fee that with the amount is over 2^53',
      'OVERSPEND',
      [],
      [transfer('alice', 'bob', 2 ** 53 - 1, { fee: 2 ** 53 - 1 })],
    ],
    ["puts a record in another's name", 'NOT_OWNER', [], [put('alice', 'n', 'x', { creator: 'bob' })]],
    [
      "puts another's record",
      'NOT_OWNER',
      [[put('alice', 'n', 'x'), give('alice', recordFor('alice', 'n'), 'bob')]],
      [put('alice', 'n', 'y')],
    ],
    ['gives what is not there', 'NO_RECORD', [], [give('alice', recordFor('alice', 'n'), 'bob')]],
    [
      "gives another's record",
      'NOT_OWNER',
      [[put('alice', 'n', 'x')]],
      [give('bob', recordFor('alice', 'n'), 'bob')],
    ],
    [
      'gives a dropped record',
      'RECORD_DROPPED',
      [[put('alice', 'n', 'x'), drop('alice', recordFor('alice', 'n'))]],
      [give('alice', recordFor('alice', 'n'), 'bob')],
    ],
    ['drops what is not there', 'NO_RECORD', [], [drop('alice', recordFor('alice', 'n'))]],
    [
      "drops another's record",
      'NOT_OWNER',
      [[put('alice', 'n', 'x')]],
      [drop('bob', recordFor('alice', 'n'))],
    ],
    [
      'drops a record twice',
      'RECORD_DROPPED',
      [[put('alice', 'n', 'x')]],
      [drop('alice', recordFor('alice', 'n')), drop('alice', recordFor('alice', 'n'))],
    ],
    ['rotates to the same key', 'SAME_KEY', [], [rotate('alice', 'alice')]],
    ['removes a recovery that is not there', 'NO_RECOVERY', [], [setRecovery('alice', null, 0)]],
    [
      'changes the recovery account during a recovery',
      'RECOVERY_PENDING',
      [[setRecovery('alice', 'bob', 3)], [recover('bob', 'alice', 'alice 2')]],
      [setRecovery('alice', 'carol', 1)],
    ],
    ['recovers nobody', 'NO_ACCOUNT', [], [recover('bob', 'stranger', 'alice 2')]],
    ['recovers an account without recovery', 'NO_RECOVERY', [], [recover('bob', 'alice', 'alice 2')]],
    [
      'recovers by another',
      'NOT_RECOVERY',
      [[setRecovery('alice', 'bob', 3)]],
      [recover('carol', 'alice', 'alice 2')],
    ],
    [
      'recovers to the same key',
      'SAME_KEY',
      [[setRecovery('alice', 'bob', 3)]],
      [recover('bob', 'alice', 'alice')],
    ],
    ['vetoes nothing', 'NOTHING_PENDING', [], [veto('alice', 'alice')]],
    [
      'vetoes with a key as young as the delay',
      'KEY_TOO_YOUNG',
      [
        [setRecovery('alice', 'bob', 2)],
        [rotate('alice', 'alice 2'), recover('bob', 'alice', 'alice 3')],
        [],
      ],
      [veto('alice', 'alice')],
    ],
    ['vetoes no change', 'NOTHING_PENDING', [[setRecovery('alice', 'bob', 3)]], [veto('bob', 'alice')]],
    [
      "vetoes another's change",
      'NOT_RECOVERY',
      [[setRecovery('alice', 'bob', 3)], [setRecovery('alice', null, 0)]],
      [veto('carol', 'alice')],
    ],
    [
      'vetoes a change that took effect',
      'NOT_RECOVERY',
      [[setRecovery('alice', 'bob', 1)], [setRecovery('alice', 'carol', 1)]],
      [veto('bob', 'alice')],
    ],
    ['claims nothing', 'NOTHING_PENDING', [[setRecovery('alice', 'bob', 3)]], [claim('bob', 'alice')]],
    [
      'claims a block too soon',
      'TOO_SOON',
      [[setRecovery('alice', 'bob', 2)], [recover('bob', 'alice', 'alice 2')]],
      [claim('bob', 'alice')],
    ],
    ['locks an account without recovery', 'NO_RECOVERY', [], [revoke('alice')]],
  ];
  it.each(cases)('%s: %s', (_title, code, before, bad) => refuseAfter(code, before, bad));
});

describe('a block is good whose transaction', () => {
  it('is in its last height', () => accept([[transfer('alice', 'bob', 1, { validUntil: 1 })]]));
  it('spends the last plank', async () => {
    const fee = 1_000;
    const state = await accept([[transfer('alice', 'bob', 1_000_000_000 - fee, { fee })]]);
    expect(state.accounts.get(hexOf(addressFor('alice')))!.balance).toBe(0n);
  });
  it('pays its own sender', () =>
    accept([
      [
        transferMany('alice', [
          ['alice', 5],
          ['bob', 1],
          ['bob', 2],
        ]),
      ],
    ]));
  it('makes an account and burns the surcharge', async () => {
    const state = await accept([
      [
        transferMany('alice', [
          ['new', 5],
          ['new', 6],
        ]),
      ],
    ]);
    expect(state.totals.burned).toBe(1_000n);
  });
  it('claims at the very height', async () => {
    const state = await accept([
      [setRecovery('alice', 'bob', 2)],
      [recover('bob', 'alice', 'alice 2')],
      [],
      [claim('bob', 'alice')],
      [transfer('alice', 'bob', 1)],
    ]);
    expect(state.accounts.get(hexOf(addressFor('alice')))!.authKey).toBe(hexOf(authKeyFor('alice 2')));
  });
  it('unlocks an account by claiming it', async () => {
    const state = await accept([
      [setRecovery('alice', 'bob', 1), revoke('alice')],
      [recover('bob', 'alice', 'alice 2')],
      [claim('bob', 'alice')],
      [transfer('alice', 'bob', 1)],
    ]);
    expect(state.accounts.get(hexOf(addressFor('alice')))!.locked).toBe(false);
  });
  it('locks an account: a change of its recovery account is off', async () => {
    const state = await accept([
      [setRecovery('alice', 'bob', 2)],
      [setRecovery('alice', 'carol', 1), revoke('alice')],
      [],
      [],
      [recover('bob', 'alice', 'alice 2')],
    ]);
    expect(state.accounts.get(hexOf(addressFor('alice')))).toMatchObject({
      locked: true,
      pendingChange: null,
    });
  });
  it('vetoes with a key older than the delay', async () => {
    const state = await accept([
      [setRecovery('alice', 'bob', 2)],
      [rotate('alice', 'alice 2'), recover('bob', 'alice', 'alice 3')],
      [],
      [],
      [veto('alice', 'alice')],
    ]);
    expect(state.accounts.get(hexOf(addressFor('alice')))!.pendingRecovery).toBe(null);
  });
  it('makes a dropped record again: its revision and history go on', async () => {
    const id = recordFor('alice', 'n');
    const state = await accept([[put('alice', 'n', 'x')], [drop('alice', id)], [put('alice', 'n', 'y')]]);
    expect(state.records.get(hexOf(id))).toMatchObject({ revision: 2, historyCount: 3, dropped: false });
  });
  it('gives a record with its deposit to somebody new', async () => {
    const state = await accept([[put('alice', 'n', 'x'), give('alice', recordFor('alice', 'n'), 'new')]]);
    const [alice, other] = ['alice', 'new'].map((name) => state.accounts.get(hexOf(addressFor(name)))!);
    expect([alice!.deposits, other!.deposits]).toEqual([0n, state.totals.deposited]);
  });
});
