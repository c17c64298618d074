/**
 * Owns a data folder with known content, to be damaged: blocks with transactions of many kinds, tables that hold several
 * versions of a row, the same folder as it was half-way, and one whose tables are compacted.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import { formatAddress } from '../../chain/format/address.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { piecesRoot } from '../../chain/format/pieces.ts';
import { type Body, recordId } from '../../chain/format/transaction.ts';
import type { Ledger } from '../../chain/ledger/ledger.ts';
import { openLevelStore } from '../../node/level-store.ts';
import {
  easyGenesis,
  extend,
  makePeople,
  openLedger,
  type Person,
  paramsOf,
  signBody,
  signTransfer,
} from '../bench/workload.ts';

export interface Gold {
  /** Path of the `genesis.json`. */
  readonly genesis: string;
  /** Data folder. */
  readonly data: string;
  /** The same, with one version of each row. */
  readonly compact: string;
  /** The same as it was half-way. */
  readonly old: string;
  readonly height: number;
  /** As text. */
  readonly addresses: readonly string[];
  /** Ids of records, hex. */
  readonly records: readonly string[];
  /** Signed transfers that are in no block, hex. */
  readonly spare: readonly string[];
}

const PEOPLE = 16;
const BLOCKS = 90;
const TRANSACTIONS_A_BLOCK = 5;
/** Transfers that are in no block. Their senders have no others. */
const SPARE = 4;

/** Makes the folders in `dir`. */
export async function makeGold(dir: string): Promise<Gold> {
  const data = join(dir, 'gold');
  const everyone = makePeople(PEOPLE + SPARE);
  const people = everyone.slice(0, PEOPLE);
  const genesis = easyGenesis({ funded: everyone, age: BLOCKS });
  const params = paramsOf(genesis);
  const path = join(dir, 'genesis.json');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(path, JSON.stringify(genesis));
  const records = new Map<string, Person>();
  const made = { turn: 0, fresh: 0 };
  let chainId = new Uint8Array(0);
  for (const until of [BLOCKS >> 1, BLOCKS]) {
    const { store } = await openLevelStore(data);
    const ledger = await openLedger(params, store, data);
    chainId = ledger.chainId as Uint8Array<ArrayBuffer>;
    while (ledger.tip.height < until) await addBlock(ledger, people, records, made);
    await ledger.close();
    await store.close();
    // What is in LevelDB's log moves to a table.
    await (await openLevelStore(data)).store.close();
    if (until < BLOCKS) cpSync(data, join(dir, 'old'), { recursive: true });
  }
  cpSync(data, join(dir, 'compact'), { recursive: true });
  await compactTables(join(dir, 'compact', 'db'));
  return {
    genesis: path,
    data,
    compact: join(dir, 'compact'),
    old: join(dir, 'old'),
    height: BLOCKS,
    addresses: everyone.map(({ address }) => formatAddress(address)),
    records: [...records.keys()],
    spare: everyone
      .slice(PEOPLE)
      .map((person) => toHex(signTransfer(params, chainId, person, [{ to: people[0]!.address, amount: 1 }]))),
  };
}

/** The next block: transfers, some of them to new accounts, and records that are made, changed, given and dropped. */
async function addBlock(
  ledger: Ledger,
  people: readonly Person[],
  records: Map<string, Person>,
  made: { turn: number; fresh: number },
): Promise<void> {
  const encoded = Array.from({ length: TRANSACTIONS_A_BLOCK }, () => {
    const turn = made.turn++;
    const person = people[turn % people.length]!;
    const other = people[(turn * 7 + 3) % people.length]!;
    const body = turn % 3 === 1 ? recordBody(person, other, records, turn) : null;
    if (body !== null) return signBody(ledger.params, ledger.chainId, person, body);
    const outputs = [{ to: other.address, amount: 1_000 + turn }];
    if (turn % 9 === 0) outputs.push({ to: freshAddress(made.fresh++), amount: 50_000 });
    return signTransfer(ledger.params, ledger.chainId, person, outputs);
  });
  await extend(ledger, encoded);
}

/** What a person does with a record, or `null` if that one is somebody else's by now. */
function recordBody(person: Person, other: Person, records: Map<string, Person>, turn: number): Body | null {
  const name = ascii(`note ${Math.floor(turn / 6) % 4}`);
  const id = recordId(person.address, name);
  const owner = records.get(toHex(id));
  if (owner !== undefined && owner !== person) return null;
  if (owner !== undefined && turn % 4 === 0) {
    records.set(toHex(id), other);
    return { TAG: 'give', data: { record: id, to: other.address } };
  }
  if (owner !== undefined && turn % 17 === 0) return { TAG: 'drop', data: { record: id } };
  records.set(toHex(id), person);
  const content = ascii(`content ${turn}`);
  const root = piecesRoot(content);
  const fields = { creator: person.address, name, root, size: content.length };
  return { TAG: 'put', data: { ...fields, mediaType: ascii('text/plain'), inline: content } };
}

/** Leaves one version of each row. */
async function compactTables(path: string): Promise<void> {
  const db = new Level<Uint8Array, Uint8Array>(path, { keyEncoding: 'view', valueEncoding: 'view' });
  await db.open();
  // The typings name what all implementations of Level have; LevelDB's compacts too.
  const { compactRange } = db as unknown as { compactRange(from: Uint8Array, to: Uint8Array): Promise<void> };
  await compactRange.call(db, Uint8Array.of(0), new Uint8Array(64).fill(0xff));
  await db.close();
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const freshAddress = (n: number): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`fresh ${n}`).digest().subarray(0, 20));
