/** Consensus cases, drawn: every way the tip can move, and what it leaves in the store. */
import { describe, expect, it } from 'vitest';
import { give, put, recordFor, rotate, setRecovery, transfer } from '../actors.ts';
import { compareState, derivedRows } from './compare.ts';
import { Play } from './play.ts';

const zeros = new Uint8Array(32);

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

  it('goes to the first of equals when both were there before it looked', async () => {
    const play = await Play.start();
    for (const branch of ['a', 'b', 'c']) play.chain.blocks(branch, 2, { on: 'genesis', miner: branch });
    await play.block('a1');
    for (const name of ['b1', 'c1', 'b2', 'c2', 'a2']) expect(play.header(name)).toBe(null);
    // The last body to come completes c2 first, whatever the order of the headers.
    for (const name of ['c2', 'b1', 'c1', 'b2', 'a2']) expect(play.body(name)).toBe(null);
    expect(await play.settle()).toEqual({});
    expect(play.tip).toBe('c2');
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
    await play.real.rebuild();
    expect(await play.settle()).toEqual({});
    expect(play.tip).toBe('a3');
    expect(await derivedRows(play.real)).toEqual(before);
  });
});
