/** Consensus cases, drawn: every rule that a block can break, and every way the tip can move. */
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../chain/errors.ts';
import type { Header } from '../../../chain/format/header.ts';
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
import { mine, TEST_PARAMS } from '../builder.ts';
import { txRootOf } from '../model/chain.ts';
import { bytesOf, hexOf } from '../model/hex.ts';
import { copyState, type ModelState, stateRootOf } from '../model/state.ts';
import { compareState, derivedRows } from './compare.ts';
import { Play } from './play.ts';

const zeros = new Uint8Array(32);

describe('a header is refused', () => {
  const refuse = async (code: ErrorCode, header: (parent: Header) => Partial<Header>): Promise<void> => {
    const play = await Play.start();
    const parent = play.chain.block('a');
    play.chain.block('bad', { header: header(parent.header) });
    play.chain.block('good', { on: 'a' });
    expect(await play.block('a')).toBe(null);
    expect(play.header('bad')).toBe(code);
    // It was as if it had never been seen.
    expect(await play.block('good')).toBe(null);
    expect(play.tip).toBe('good');
  };

  it('whose parent is unknown', () => refuse('UNKNOWN_PARENT', () => ({ previous: zeros })));
  it('of an unknown version', () => refuse('BAD_VERSION', () => ({ version: 2 })));
  it('of version 0', () => refuse('BAD_VERSION', () => ({ version: 0 })));
  it('that skips a height', () => refuse('BAD_HEIGHT', ({ height }) => ({ height: height + 2 })));
  it('that repeats a height', () => refuse('BAD_HEIGHT', ({ height }) => ({ height })));
  it('with a harder target than asked', () => refuse('BAD_BITS', () => ({ bits: 0x203fffff })));
  it('with bits that are no target', () => refuse('BAD_BITS', () => ({ bits: 0x207ffffe })));
  it('with too much elapsed time', () =>
    refuse('BAD_ELAPSED', ({ elapsed }) => ({ elapsed: elapsed + 1_001 })));
  it('with too little elapsed time', () =>
    refuse('BAD_ELAPSED', ({ elapsed }) => ({ elapsed: elapsed + 999 })));
  it('as old as its parent', () => refuse('TIME_TOO_OLD', ({ time, elapsed }) => ({ time, elapsed })));
  it('older than its parent', () =>
    refuse('TIME_TOO_OLD', ({ time, elapsed }) => ({ time: time - 1, elapsed: elapsed - 1 })));
  it('with another history', () => refuse('BAD_HISTORY', ({ historyRoot }) => ({ historyRoot })));

  it('without its work', async () => {
    const play = await Play.start();
    play.chain.block('bad', { work: 'miss' });
    expect(play.header('bad')).toBe('BAD_WORK');
  });

  it('with a time not yet near, until it is', async () => {
    const play = await Play.start();
    const { header } = play.chain.block('a');
    expect(play.header('a', header.time - 2_001)).toBe('TIME_TOO_NEW');
    expect(play.real.ledger.headers.get(play.chain.get('a').id)).toBe(undefined);
    expect(play.header('a', header.time - 2_000)).toBe(null);
    expect(play.body('a')).toBe(null);
    expect(await play.settle()).toEqual({});
    expect(play.tip).toBe('a');
  });

  it('on an invalid block, and so is that block when it comes again', async () => {
    const play = await Play.start();
    play.chain.block('bad', { header: { stateRoot: zeros } });
    play.chain.block('child');
    play.chain.block('grandchild');
    expect(play.header('bad')).toBe(null);
    expect(play.header('child')).toBe(null);
    expect(await play.block('bad')).toBe('BAD_STATE_ROOT');
    expect(play.header('grandchild')).toBe('INVALID_PARENT');
    expect(play.header('bad')).toBe('INVALID_PARENT');
    expect(play.real.node(play.chain.get('child').id).invalid).toBe(true);
  });
});

describe('the time counted for difficulty', () => {
  it('grows by at most one half-life a block', async () => {
    const play = await Play.start();
    const sleep = play.chain.block('sleep', { step: 8 * 3_600_000 });
    expect(sleep.header.elapsed).toBe(10_000);
    play.chain.block('on', { step: 1_000 });
    expect(play.chain.get('on').header.elapsed).toBe(11_000);
    expect(await play.blocks('sleep', 'on')).toEqual([null, null]);
  });

  it('makes blocks harder when they come fast, and easier again', async () => {
    const play = await Play.start();
    const fast = play.chain.blocks('f', 30, { step: 1 });
    const slow = play.chain.blocks('s', 6, { step: 9_000 });
    expect(await play.blocks(...fast.map(({ name }) => name))).toEqual(fast.map(() => null));
    expect(await play.blocks(...slow.map(({ name }) => name))).toEqual(slow.map(() => null));
    // 29 seconds ahead after f30, with a half-life of 10: 2^-2.9 of the target.
    expect(slow[0]!.header.bits).toBeLessThan(0x20200000);
    expect(slow[5]!.header.bits).toBe(0x207fffff);
  });
});

describe('a body', () => {
  it('that was changed is refused, and the real one is taken', async () => {
    const play = await Play.start();
    play.chain.block('a', { transactions: [transfer('alice', 'bob', 1), transfer('bob', 'alice', 2)] });
    const [first, second] = play.chain.get('a').transactions;
    const other = play.chain.sign(transfer('carol', 'bob', 9), 'genesis');
    expect(play.header('a')).toBe(null);
    for (const body of [[], [first!], [second!, first!], [first!, second!, second!], [first!, other]]) {
      expect(play.body('a', body)).toBe('MUTATED_BODY');
      expect(await play.settle()).toEqual({});
    }
    expect(play.tip).toBe('genesis');
    expect(play.body('a')).toBe(null);
    expect(await play.settle()).toEqual({});
    expect(play.tip).toBe('a');
  });

  it('may not be larger than the limit', async () => {
    const play = await Play.start();
    // 16,384 bytes: 181 of header, 4 of count, and the transactions with 2 bytes of length each.
    const outputs = Array.from({ length: 255 }, (): [string, number] => ['bob', 1]);
    const large = (name: string, bytes: number): Draft[] => [
      transferMany('alice', outputs),
      transferMany('bob', outputs),
      put('carol', 'filler', 'x'.repeat(600)),
      put('carol', name, 'x'.repeat(bytes)),
    ];
    const spare = 16_384 - 185 - 4 * 2;
    const used = (drafts: Draft[]): number =>
      drafts.reduce((sum, draft) => sum + play.chain.sign(draft, 'genesis').bytes.length, 0);
    const fit = spare - used(large('n', 0));
    play.chain.block('full', { on: 'genesis', transactions: large('n', fit) });
    play.chain.block('over', { on: 'genesis', transactions: large('n', fit + 1) });
    expect(await play.blocks('over', 'full')).toEqual(['BLOCK_TOO_LARGE', null]);
    expect(play.tip).toBe('full');
  });

  it('may not have more signatures than the limit', async () => {
    const play = await Play.start();
    const many = (count: number): Draft[] => Array.from({ length: count }, () => transfer('alice', 'bob', 1));
    play.chain.block('full', { on: 'genesis', transactions: many(16) });
    play.chain.block('over', { on: 'genesis', transactions: many(17) });
    play.chain.block('keys', { on: 'genesis', transactions: [...many(15), rotate('alice', 'alice 2')] });
    expect(await play.blocks('over', 'keys', 'full')).toEqual([
      'TOO_MANY_SIGNATURES',
      'TOO_MANY_SIGNATURES',
      null,
    ]);
  });
});

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

describe('a state root is refused', () => {
  /** A block whose root is that of a state which differs from the right one as `change` says. */
  const refuse = async (change: (state: ModelState) => void): Promise<void> => {
    const play = await Play.start();
    play.chain.blocks('a', 6, { miner: 'miner' });
    const transactions = [transfer('alice', 'bob', 7)];
    const right = play.chain.block('right', { on: 'a6', transactions });
    const wrong = copyState(right.state!);
    change(wrong);
    const stateRoot = bytesOf(stateRootOf(wrong));
    play.chain.block('wrong', { on: 'a6', transactions, header: { stateRoot } });
    expect(await play.blocks('a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'wrong')).toEqual([
      ...Array.from({ length: 6 }, () => null),
      'BAD_STATE_ROOT',
    ]);
    expect(await play.block('right')).toBe(null);
  };
  const credit = (state: ModelState, name: string, planks: bigint): void => {
    const account = state.accounts.get(hexOf(addressFor(name)))!;
    account.balance += planks;
  };

  it('that pays the miner a second time', () =>
    refuse((state) => {
      credit(state, 'miner', 50_000_000n);
      state.totals.issued += 50_000_000n;
    }));
  it('that pays the reward at once', () =>
    refuse((state) => {
      state.rewards.delete(7 % 5);
      credit(state, 'miner', 50_000_000n);
    }));
  it('that promises a larger reward', () =>
    refuse((state) => {
      state.rewards.get(7 % 5)!.reward += 1n;
    }));
  it('that moves one plank', () =>
    refuse((state) => {
      credit(state, 'alice', -1n);
      credit(state, 'carol', 1n);
    }));
  it('that misses a touch in a history', () =>
    refuse((state) => {
      state.accounts.get(hexOf(addressFor('bob')))!.historyCount -= 1;
    }));
  it('that leaves out an entry', () =>
    refuse((state) => {
      state.accounts.delete(hexOf(addressFor('carol')));
    }));
});

describe('rewards', () => {
  it('are credited maturity blocks later, halve on schedule, and carry the fees', async () => {
    const params = { ...TEST_PARAMS, reward: { initial: 101, halvingBlocks: 4, maturity: 3 } };
    const play = await Play.start(params);
    play.chain.block('a1', { transactions: [transfer('alice', 'bob', 1, { fee: 5_000 })] });
    play.chain.blocks('b', 30);
    expect(await play.blocks('a1', ...Array.from({ length: 30 }, (_, i) => `b${i + 1}`))).toEqual(
      Array.from({ length: 31 }, () => null),
    );
    const { state } = play.chain.get('b30');
    await compareState(play.real, state!);
    // 28 of 31 blocks have matured: 4 each of 101, 50, 25, 12, 6, 3, 1.
    expect(state!.accounts.get(hexOf(addressFor('miner')))!.balance).toBe(4n * 198n + 5_000n);
  });
});

describe('the tip', () => {
  it('stays with the first of equals, and moves on more work', async () => {
    const play = await Play.start();
    play.chain.block('a1', { on: 'genesis' });
    play.chain.block('b1', { on: 'genesis', miner: 'other' });
    play.chain.block('b2', { on: 'b1' });
    await play.blocks('a1', 'b1');
    expect(play.tip).toBe('a1');
    await play.block('b2');
    expect(play.tip).toBe('b2');
    await compareState(play.real, play.chain.get('b2').state!);
  });

  it('goes to fewer blocks with more work', async () => {
    const play = await Play.start();
    play.chain.blocks('easy', 40, { on: 'genesis', step: 1_000 });
    // Thirty blocks at once make the next ones several times as hard.
    play.chain.blocks('hard', 36, { on: 'genesis', step: 1, miner: 'other' });
    expect(play.chain.get('hard36').work).toBeGreaterThan(play.chain.get('easy40').work);
    await play.blocks(...play.chain.names('easy', 40), ...play.chain.names('hard', 36));
    expect(play.tip).toBe('hard36');
  });

  it('does not follow headers alone', async () => {
    const play = await Play.start();
    play.chain.blocks('a', 2, { on: 'genesis' });
    play.chain.blocks('b', 4, { on: 'genesis', miner: 'other' });
    await play.blocks('a1', 'a2');
    for (const name of ['b1', 'b2', 'b3', 'b4']) expect(play.header(name)).toBe(null);
    for (const name of ['b4', 'b3', 'b1']) {
      play.body(name);
      await play.settle();
      expect(play.tip).toBe('a2');
    }
    play.body('b2');
    await play.settle();
    expect(play.tip).toBe('b4');
  });

  it('goes to a branch and back, and the store is what it was, byte for byte', async () => {
    const play = await Play.start();
    const id = recordFor('alice', 'n');
    play.chain.block('a1', {
      on: 'genesis',
      transactions: [put('alice', 'n', 'one'), transfer('bob', 'new', 5)],
    });
    play.chain.block('a2', {
      on: 'a1',
      transactions: [put('alice', 'n', 'a longer one'), setRecovery('bob', 'carol', 1)],
    });
    play.chain.block('a3', {
      on: 'a2',
      transactions: [give('alice', id, 'other new'), rotate('bob', 'bob 2')],
    });
    play.chain.block('b1', {
      on: 'genesis',
      transactions: [transfer('alice', 'newer', 5), put('bob', 'm', 'x')],
      miner: 'q',
    });
    play.chain.blocks('c', 3, { on: 'b1', transactions: [transfer('bob', 'alice', 1)] });
    play.chain.blocks('d', 2, { on: 'a3' });
    await play.blocks('a1', 'a2', 'a3');
    const before = await derivedRows(play.real);
    await play.blocks('b1', 'c1', 'c2', 'c3');
    expect(play.tip).toBe('c3');
    await compareState(play.real, play.chain.get('c3').state!);
    await play.blocks('d1', 'd2');
    expect(play.tip).toBe('d2');
    await compareState(play.real, play.chain.get('d2').state!);
    // The same as a store that never saw the branch.
    const straight = await Play.start();
    straight.chain.blocks('unused', 1);
    for (const name of ['a1', 'a2', 'a3', 'd1', 'd2']) {
      const { header, transactions, id: block } = play.chain.get(name);
      expect(straight.real.addHeader(header, header.time)).toBe(null);
      expect(straight.real.addBody(block, transactions)).toBe(null);
      await straight.settle();
      if (name === 'a3') expect(await derivedRows(straight.real)).toEqual(before);
    }
    expect(await derivedRows(play.real)).toEqual(await derivedRows(straight.real));
  });

  it('passes a branch that turns out to be invalid, keeping what is good of it', async () => {
    const play = await Play.start();
    play.chain.blocks('a', 2, { on: 'genesis', transactions: [transfer('alice', 'bob', 1)] });
    play.chain.blocks('b', 3, { on: 'genesis', transactions: [transfer('bob', 'new', 1)] });
    play.chain.block('bad', { on: 'b3', header: { stateRoot: zeros } });
    play.chain.blocks('worse', 2, { on: 'bad' });
    play.chain.blocks('c', 1, { on: 'b1', miner: 'other' });
    play.chain.block('bad too', { on: 'c1', transactions: [transfer('alice', 'bob', 1, { nonce: 7 })] });
    play.chain.blocks('d', 3, { on: 'bad too' });
    await play.blocks('a1', 'a2');
    // Everything is there before anything is executed; the invalid ones are the longest.
    for (const name of ['b1', 'b2', 'b3', 'bad', 'worse1', 'worse2', 'c1', 'bad too', 'd1', 'd2', 'd3']) {
      expect([name, play.header(name), play.body(name)]).toEqual([name, null, null]);
    }
    expect(await play.settle()).toEqual({ bad: 'BAD_STATE_ROOT', 'bad too': 'NONCE_GAP' });
    expect(play.tip).toBe('b3');
    await compareState(play.real, play.chain.get('b3').state!);
  });

  it('returns to where it was when a longer branch is invalid from its first block', async () => {
    const play = await Play.start();
    play.chain.blocks('a', 2, { on: 'genesis', transactions: [transfer('alice', 'bob', 1)] });
    play.chain.block('bad', {
      on: 'genesis',
      transactions: [transfer('alice', 'bob', 1, { forge: 'signature' })],
    });
    play.chain.blocks('b', 3, { on: 'bad' });
    await play.blocks('a1', 'a2');
    const before = await derivedRows(play.real);
    for (const name of ['bad', 'b1', 'b2', 'b3']) expect(play.header(name) ?? play.body(name)).toBe(null);
    expect(await play.settle()).toEqual({ bad: 'BAD_SIGNATURE' });
    expect(play.tip).toBe('a2');
    expect(await derivedRows(play.real)).toEqual(before);
    play.chain.block('a3', { on: 'a2' });
    expect(await play.block('a3')).toBe(null);
  });

  it('goes back 500 blocks', { timeout: 60_000 }, async () => {
    const play = await Play.start();
    const pay = [transfer('alice', 'bob', 1)];
    play.chain.blocks('a', 500, { on: 'genesis', transactions: pay });
    play.chain.blocks('b', 501, {
      on: 'genesis',
      transactions: [transfer('bob', 'alice', 1)],
      miner: 'other',
    });
    await play.blocks(...play.chain.names('a', 500));
    expect(play.tip).toBe('a500');
    await play.blocks(...play.chain.names('b', 501));
    expect(play.tip).toBe('b501');
    expect(play.real.changes.flatMap(({ disconnected }) => disconnected).length).toBe(500);
    await compareState(play.real, play.chain.get('b501').state!);
  });

  it('is the same after a restart', async () => {
    const play = await Play.start();
    play.chain.blocks('a', 3, { on: 'genesis' });
    play.chain.blocks('b', 3, { on: 'genesis', miner: 'other' });
    play.chain.blocks('c', 3, { on: 'genesis', miner: 'third' });
    // The last to come would be first by id or by name: only the order of arrival counts.
    await play.blocks('b1', 'b2', 'b3', 'a1', 'a2', 'a3', 'c1', 'c2', 'c3');
    expect(play.tip).toBe('b3');
    const before = await derivedRows(play.real);
    await play.real.restart();
    expect(await play.settle()).toEqual({});
    expect(play.tip).toBe('b3');
    expect(await derivedRows(play.real)).toEqual(before);
    // The side branches are still there.
    play.chain.block('c4', { on: 'c3' });
    expect(await play.block('c4')).toBe(null);
    expect(play.tip).toBe('c4');
  });

  it('is the same after the state was made again from the blocks', async () => {
    const play = await Play.start();
    for (const branch of ['a', 'b', 'c', 'd']) {
      play.chain.blocks(branch, 3, {
        on: 'genesis',
        miner: branch,
        transactions: [transfer('alice', 'bob', 1)],
      });
      await play.blocks(...play.chain.names(branch, 3));
    }
    expect(play.tip).toBe('a3');
    const before = await derivedRows(play.real);
    await play.real.ledger.requestRebuild();
    await play.real.restart();
    expect(await play.settle()).toEqual({});
    expect(play.tip).toBe('a3');
    expect(await derivedRows(play.real)).toEqual(before);
  });
});

it('a header that was mined for another body is another block', async () => {
  const play = await Play.start();
  play.chain.block('a', { transactions: [transfer('alice', 'bob', 1)] });
  const { header } = play.chain.get('a');
  const empty = mine({ ...header, txRoot: bytesOf(txRootOf([])) }, 'reach');
  expect(play.header('a')).toBe(null);
  expect(play.real.addHeader(empty, empty.time)).toBe(null);
  expect(await play.block('a')).toBe(null);
});
