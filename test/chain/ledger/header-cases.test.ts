/** Consensus cases, drawn: every rule that a header or a body can break. */
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../chain/errors.ts';
import type { Header } from '../../../chain/format/header.ts';
import { type Draft, put, rotate, transfer, transferMany } from '../actors.ts';
import { mine } from '../builder.ts';
import { txRootOf } from '../model/chain.ts';
import { bytesOf } from '../model/hex.ts';
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

it('a header that was mined for another body is another block', async () => {
  const play = await Play.start();
  play.chain.block('a', { transactions: [transfer('alice', 'bob', 1)] });
  const { header } = play.chain.get('a');
  const empty = mine({ ...header, txRoot: bytesOf(txRootOf([])) }, 'reach');
  expect(play.header('a')).toBe(null);
  expect(play.real.addHeader(empty, empty.time)).toBe(null);
  expect(await play.block('a')).toBe(null);
});
