/** What a node says of records: their history is complete or the node is caught, and of a list each record is held against the state. */
import { beforeAll, expect, test } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { decodeProofFile, encodeProofFile } from '../../chain/proof/proof-file.ts';
import { checkedRecordHistory, checkedRecords } from '../../wallet/checked/record-answers.ts';
import type { Session } from '../../wallet/checked/session.ts';
import { addressFor, put, recordFor } from '../chain/actors.ts';
import type { Lie } from './lying-node.ts';
import { HONEST, LIAR, liarsOf, NOTES, OTHER, Table } from './table.ts';

const BLOCKS = 8;
const [ALICE, BOB] = [addressFor('alice'), addressFor('bob')];
const history = (session: Session) => checkedRecordHistory(session, NOTES, { limit: 20 });
const ofBob = (session: Session) => checkedRecords(session, BOB, 20, undefined);
let table: Table;
beforeAll(async () => {
  table = await Table.lay(BLOCKS);
});

test('the history of a record tells owners and revisions, page by page', async () => {
  const session = await table.open([HONEST, OTHER]);
  const whole = (await history(session))!;
  expect(whole).toMatchObject({ next: null, cut: false });
  expect(whole.items).toMatchObject([
    {
      kind: 'give',
      height: 4,
      from: formatAddress(ALICE),
      owner: formatAddress(BOB),
      revision: 1,
      root: null,
    },
    { kind: 'put', height: 2, owner: formatAddress(ALICE), revision: 1, size: 5 },
  ]);
  const first = (await checkedRecordHistory(session, NOTES, { limit: 1 }))!;
  const second = (await checkedRecordHistory(session, NOTES, { limit: 1, before: first.next! }))!;
  expect([...first.items, ...second.items]).toEqual(whole.items);
  expect([first.next, second.next]).toEqual(['1', null]);
  expect(await checkedRecordHistory(session, new Uint8Array(32), { limit: 1 })).toBeNull();
  expect(session.objections).toEqual([]);
});

test('revisions are counted from the newest, whatever page is asked for', async () => {
  const mine = await Table.lay(BLOCKS);
  for (const [i, content] of ['one', 'two', 'three'].entries()) {
    mine.play.chain.block(`r${i}`, { transactions: [put('alice', 'report', content)] });
    expect(await mine.play.block(`r${i}`)).toBeNull();
  }
  const session = await mine.open([HONEST, OTHER]);
  const id = recordFor('alice', 'report');
  const page = (await checkedRecordHistory(session, id, { limit: 2, before: '2' }))!;
  expect(page.items.map(({ revision }) => revision)).toEqual([2, 1]);
});

test('where a node proves no more at once the history is cut, and nobody is accused', async () => {
  const session = await table.open([HONEST, OTHER]);
  const page = await checkedRecordHistory(session, NOTES, { limit: 20, most: 1 });
  expect(page).toMatchObject({ items: [{ kind: 'give' }], next: '1', cut: true });
  const older = checkedRecordHistory(session, NOTES, { limit: 20, most: 1, before: '1' });
  await expect(older).rejects.toMatchObject({
    code: 'NOT_VERIFIED',
    message: expect.stringContaining('no more than the last 1 are proved at once'),
  });
  expect(liarsOf(session)).toEqual([]);
});

test('an event left out of the history of a record, doubled or moved', async () => {
  const changing =
    (change: (events: Uint8Array[]) => Uint8Array[]): Lie =>
    (method, result) => {
      if (method !== 'proveHistory') return undefined;
      const proof = decodeProofFile(fromHex(result.proof));
      if (proof.TAG !== 'recordHistory') throw new Error('no history');
      const data = { ...proof.data, transactions: change(proof.data.transactions) };
      return { ...result, proof: toHex(encodeProofFile({ ...proof, data })) };
    };
  for (const change of [
    (all: Uint8Array[]) => all.slice(0, -1),
    (all: Uint8Array[]) => all.toReversed(),
    (all: Uint8Array[]) => [all[0]!, ...all],
  ]) {
    expect(await table.caught(changing(change), history)).toContain('leaves out, adds or changes');
  }
});

test('each record of a list is proved, and what the node adds to it is no part of it', async () => {
  const session = await table.open([HONEST, OTHER]);
  const found = await ofBob(session);
  expect(found).toMatchObject({ records: [{ id: toHex(NOTES) }], next: null, newer: 0 });
  expect(found.records[0]!.record.owner).toEqual(BOB);
  expect((await checkedRecords(session, ALICE, 20, undefined)).records).toEqual([]);
  expect(session.objections).toEqual([]);
  // More than a node proves in one call.
  const mine = await Table.lay(1);
  for (let i = 0; i < 3; i++) {
    const drafts = Array.from({ length: 6 }, (_, at) => put('alice', `n${i * 6 + at}`));
    mine.play.chain.block(`m${i}`, { transactions: drafts });
    expect(await mine.play.block(`m${i}`)).toBeNull();
  }
  const many = await mine.open([HONEST, OTHER]);
  const all = await checkedRecords(many, ALICE, 20, undefined);
  expect(all.records).toHaveLength(18);
  const rest = await checkedRecords(many, ALICE, 20, all.records[16]!.id);
  expect(rest.records).toEqual(all.records.slice(17));
});

test('lies about whose a record is', async () => {
  const gone = toHex(recordFor('carol', 'gone'));
  const listing =
    (change: (records: { id: string }[]) => object[], tip = {}): Lie =>
    (method, result) =>
      method === 'records'
        ? { ...result, records: change(result.records), tip: { ...result.tip, ...tip } }
        : undefined;
  const withGone = (records: { id: string }[]) =>
    [...records, { ...records[0]!, id: gone }].sort((a, b) => (a.id < b.id ? -1 : 1));
  expect(await table.caught(listing(withGone), ofBob)).toContain(
    `it lists record ${gone} for ${formatAddress(BOB)}`,
  );
  expect(
    await table.caught(
      listing((all) => [all[0]!, all[0]!]),
      ofBob,
    ),
  ).toBe('it lists records out of order');
  const absent: Lie = (method, result) =>
    method === 'proveState' ? { ...result, entries: [{ entry: null, path: '000001' }] } : undefined;
  expect(await table.caught(absent, ofBob)).toContain('it claims that there is no record');
  // What is said to be newer than the agreed block can be neither shown nor refuted.
  table.nodes[LIAR]!.lie = listing(withGone, { height: BLOCKS + 1, id: 'ff'.repeat(32) });
  const session = await table.open([LIAR, HONEST]);
  expect(await ofBob(session)).toMatchObject({ records: [{ id: toHex(NOTES) }], newer: 1 });
  expect(session.objections).toEqual([]);
  table.nodes[LIAR]!.lie = () => undefined;
});
