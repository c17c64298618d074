/** The indexes of records: exact after every kind of change, when blocks are undone, and when all is rebuilt. */
import { describe, expect, it } from 'vitest';
import { DamagedOwned } from '../../../chain/ledger/damage.ts';
import { getRecordHistory, getRecordsOf } from '../../../chain/ledger/record-queries.ts';
import { META, ownedRow } from '../../../chain/ledger/store-keys.ts';
import { addressFor, drop, give, put, recordFor } from '../actors.ts';
import { TEST_PARAMS } from '../builder.ts';
import { hexOf } from '../model/hex.ts';
import { derivedRows } from './compare.ts';
import { compareRecordIndexes, eventsOf, idsOwnedBy } from './compare-records.ts';
import { Harness } from './harness.ts';
import { Play } from './play.ts';

const NOTES = recordFor('alice', 'notes');
const [ALICE, BOB] = ['alice', 'bob'].map(addressFor) as [Uint8Array, Uint8Array];

/** A record is made, revised, given, revised by its new owner and dropped. */
async function startWithNotes(): Promise<Play> {
  const play = await Play.start();
  play.chain.block('a1', { transactions: [put('alice', 'notes', 'one'), put('alice', 'other', 'x')] });
  play.chain.block('a2', { transactions: [put('alice', 'notes', 'two'), give('alice', NOTES, 'bob')] });
  play.chain.block('a3', { transactions: [put('bob', 'notes', 'three', { creator: 'alice' })] });
  play.chain.block('a4', { transactions: [drop('bob', NOTES)] });
  return play;
}

describe('who owns a record, and who did', () => {
  it('is known after each change', async () => {
    const play = await startWithNotes();
    expect(await play.blocks('a1', 'a2', 'a3', 'a4')).toEqual([null, null, null, null]);
    const { ledger } = play.real;
    expect(await idsOwnedBy(ledger, ALICE)).toEqual([hexOf(recordFor('alice', 'other'))]);
    // A tombstone still has an owner: whoever may make it again.
    expect(await idsOwnedBy(ledger, BOB)).toEqual([hexOf(NOTES)]);
    const [alice, bob] = [hexOf(ALICE), hexOf(BOB)];
    expect(await eventsOf(ledger, NOTES)).toEqual([
      ['drop', bob],
      ['put', bob],
      ['give', bob],
      ['put', alice],
      ['put', alice],
    ]);
    await compareRecordIndexes(play.real, play.chain.get('a4').state!);
  });

  it('goes back with the blocks that are undone', async () => {
    const play = await startWithNotes();
    play.chain.blocks('b', 4, { on: 'a1' });
    await play.blocks('a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'b3', 'b4');
    expect(play.tip).toBe('b4');
    const ids = [NOTES, recordFor('alice', 'other')].map(hexOf).sort();
    expect(await idsOwnedBy(play.real.ledger, ALICE)).toEqual(ids);
    expect(await idsOwnedBy(play.real.ledger, BOB)).toEqual([]);
    expect(await eventsOf(play.real.ledger, NOTES)).toEqual([['put', hexOf(ALICE)]]);
    await compareRecordIndexes(play.real, play.chain.get('b4').state!);
  });

  it('goes with the record when undoing takes it away', async () => {
    const play = await startWithNotes();
    play.chain.blocks('b', 3, { on: 'genesis' });
    await play.blocks('a1', 'a2', 'b1', 'b2', 'b3');
    expect(play.tip).toBe('b3');
    expect(await idsOwnedBy(play.real.ledger, ALICE)).toEqual([]);
    expect((await getRecordHistory(play.real.ledger, NOTES, 10)).value).toBe(null);
    await compareRecordIndexes(play.real, play.chain.get('b3').state!);
  });

  it.each([
    ['go on', ['a3', 'a4', 'a5']],
    ['are taken back', ['b1', 'b2', 'b3', 'b4']],
    ['are all taken back', ['c1', 'c2', 'c3', 'c4']],
  ])('is mended beside the chain, also if blocks %s meanwhile', async (_, names) => {
    const play = await startWithNotes();
    const other = recordFor('alice', 'other');
    play.chain.block('a5', { transactions: [give('alice', other, 'carol'), put('alice', 'third', 'y')] });
    play.chain.blocks('b', 4, { on: 'a1' });
    play.chain.blocks('c', 4, { on: 'genesis' });
    await play.blocks('a1', 'a2');
    const { ledger, store } = play.real;
    await store.write(
      [
        [ownedRow(ALICE, other), null],
        [ownedRow(ALICE, NOTES), new Uint8Array(0)],
      ],
      { sync: true },
    );
    const page = ledger.owned.page.bind(ledger.owned);
    let moved = 0;
    ledger.owned.page = async (...request) => {
      if (moved++ === 0) await play.blocks(...names);
      return page(...request);
    };
    await ledger.mender.mend(new DamagedOwned(ALICE));
    expect([play.tip, moved > 0]).toEqual([names.at(-1), true]);
    await compareRecordIndexes(play.real, play.chain.get(names.at(-1)!).state!);
  });

  it('is the same after a rebuild, which stores of earlier versions get', async () => {
    const play = await startWithNotes();
    await play.blocks('a1', 'a2', 'a3', 'a4');
    const before = await derivedRows(play.real);
    const rows = await play.real.store.iterate({
      from: Uint8Array.of('o'.charCodeAt(0)),
      to: Uint8Array.of('p'.charCodeAt(0)),
      limit: 100,
    });
    expect(rows.length).toBe(2);
    for (const version of [1, 2, 3]) {
      const batch = rows.map(([key]) => [key, null] as const);
      await play.real.store.write([...batch, [META.format, Uint8Array.of(0, 0, 0, version)]], { sync: true });
      await play.real.restart();
      await play.real.settle();
      expect(play.tip).toBe('a4');
      expect(await derivedRows(play.real)).toEqual(before);
    }
  });

  it('is asked in bounded pages', async () => {
    const { ledger } = await Harness.open(TEST_PARAMS);
    for (const limit of [0, 101]) {
      await expect(getRecordsOf(ledger, ALICE, limit)).rejects.toMatchObject({ code: 'MALFORMED' });
      await expect(getRecordHistory(ledger, NOTES, limit)).rejects.toMatchObject({ code: 'MALFORMED' });
    }
    expect((await getRecordsOf(ledger, ALICE, 100)).value).toEqual({ records: [], complete: true });
  });
});
