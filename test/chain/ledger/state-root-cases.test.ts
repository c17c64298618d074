/** Consensus cases, drawn: state roots that give somebody what isn't theirs, and rewards as they should be. */
import { describe, expect, it } from 'vitest';
import { addressFor, transfer } from '../actors.ts';
import { TEST_PARAMS } from '../builder.ts';
import { bytesOf, hexOf } from '../model/hex.ts';
import { copyState, type ModelState, stateRootOf } from '../model/state.ts';
import { compareState } from './compare.ts';
import { Play } from './play.ts';

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
