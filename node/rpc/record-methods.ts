/** Owns the methods that ask for records. */
import { RuleError } from '../../chain/errors.ts';
import { formatAddress } from '../../chain/format/address.ts';
import { formatPlanks } from '../../chain/format/amount.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { NAME_BYTES_MAX, recordId } from '../../chain/format/transaction.ts';
import { RECORDS_PAGE_MAX, type RecordEvent } from '../../chain/ledger/record-queries.ts';
import type { Touches } from '../../chain/state/entries.ts';
import { badParams } from './faults.ts';
import { method } from './method.ts';
import { MARK_LENGTH, readMark, writeMark } from './page-mark.ts';
import * as sample from './samples.ts';
import * as schema from './schema.ts';
import * as shape from './shapes.ts';
import { recordJson, tipJson } from './summaries.ts';

const { hash, whole, hex, planks, address, flag, object, orNull, list, text, tip, oneOf } = schema;

const PAGE_DEFAULT = 20;
const HISTORY_MAX = 100;

const recordFields = {
  id: hash,
  owner: address,
  creator: address,
  name: text,
  nameHex: hex,
  root: hash,
  size: whole,
  mediaType: text,
  mediaTypeHex: hex,
  inline: orNull(hex),
  revision: whole,
  dropped: flag,
  deposit: planks,
  history: object({ hash, count: whole }),
};

const sampleRecord = {
  id: sample.RECORD,
  owner: sample.BOB,
  creator: sample.ALICE,
  name: 'notes',
  nameHex: '6e6f746573',
  root: sample.HASH,
  size: 5,
  mediaType: 'text/plain',
  mediaTypeHex: '746578742f706c61696e',
  inline: '68656c6c6f',
  revision: 2,
  dropped: false,
  deposit: '25100',
  history: { hash: sample.HASH, count: 3 },
};

/** Where a page of history begins, and the revision that its newest event left. */
interface Cursor {
  readonly mark: Touches;
  readonly revision: number;
}

const REVISION_DIGITS = 13;

function readCursor(given: string | undefined): Cursor | undefined {
  if (given === undefined) return undefined;
  const revision = given.slice(MARK_LENGTH);
  if (!/^[1-9a-f][0-9a-f]{0,12}$/.test(revision))
    throw badParams('before must be the next of an earlier page');
  return { mark: readMark(given.slice(0, MARK_LENGTH)), revision: parseInt(revision, 16) };
}

function writeCursor({ mark, revision }: Cursor): string {
  return writeMark(mark) + Math.max(1, revision).toString(16);
}

function eventJson({ block, index, transaction: tx, owner }: RecordEvent, revision: number) {
  const { body } = tx;
  return {
    id: tx.key,
    height: block.height,
    block: block.key,
    index,
    time: block.header.time,
    kind: body.TAG,
    from: formatAddress(tx.sender),
    owner: formatAddress(owner),
    revision,
    ...(body.TAG === 'put' && { root: toHex(body.data.root), size: body.data.size }),
    fee: formatPlanks(tx.fee),
  };
}

export const RECORD_METHODS = [
  method({
    name: 'record',
    doc: 'A record, by its id, or by its creator and its name, which is given as text or in hex. A dropped one is still there, with `dropped` true.',
    params: {
      id: shape.optional(shape.hexOf(32), 'of the record'),
      creator: shape.optional(shape.address, 'who made it first'),
      name: shape.optional(
        shape.string(NAME_BYTES_MAX, /^[^\p{Cs}]+$/u, 'a name of 1 to 64 bytes'),
        'its exact text, with nothing escaped',
      ),
      nameHex: shape.optional(shape.hexUpTo(NAME_BYTES_MAX), 'its bytes: a name may be any'),
    },
    result: object({ ...recordFields, tip }),
    example: {
      params: { creator: sample.ALICE, name: 'notes' },
      result: { ...sampleRecord, tip: sample.TIP },
    },
    async call({ view }, { id, creator, name, nameHex }) {
      const names = [name && new TextEncoder().encode(name), nameHex].filter((each) => each !== undefined);
      const named = creator !== undefined && names.length === 1;
      if ((id !== undefined) === named || (!named && (creator !== undefined || names.length > 0))) {
        throw badParams('give either id, or creator and one of name and nameHex');
      }
      const key = id ?? recordId(creator!, names[0] as Uint8Array);
      const { tip: node, value: record } = await view.record(key);
      if (record === null) throw new RuleError('NO_RECORD', toHex(key));
      return { ...recordJson(key, record), tip: tipJson(node) };
    },
  }),
  method({
    name: 'records',
    doc: 'The records an account owns now, dropped ones too, in the order of their ids. `complete` says that none is left out: their deposits add up to those of the account. It is false for more than 2,000 records and in a ledger without deposits: then the node checks only those it lists. `next` is the `after` of the next page.',
    params: {
      owner: shape.required(shape.address, 'whose'),
      limit: shape.optional(
        shape.integer(1, RECORDS_PAGE_MAX),
        `records of a page, ${PAGE_DEFAULT} if left out`,
      ),
      after: shape.optional(shape.hexOf(32), 'the next of the page before'),
    },
    result: object({ records: list(object(recordFields)), complete: flag, next: orNull(hash), tip }),
    example: {
      params: { owner: sample.BOB },
      result: { records: [sampleRecord], complete: true, next: null, tip: sample.TIP },
    },
    async call({ view }, { owner, limit = PAGE_DEFAULT, after }) {
      const { tip: node, value } = await view.recordsOf(owner, limit, after);
      const { records, complete } = value;
      const last = records.length < limit ? undefined : records.at(-1);
      return {
        complete,
        records: records.map(({ id, record }) => recordJson(id, record)),
        next: last === undefined ? null : toHex(last.id),
        tip: tipJson(node),
      };
    },
  }),
  method({
    name: 'recordHistory',
    doc: 'What became of a record, newest first: each revision (`put`), transfer (`give`) and `drop`, with its block, its transaction, who owned the record afterwards, and the revision it then had. `root` and `size` are those of a put. `next` is the `before` of the next page.',
    params: {
      id: shape.required(shape.hexOf(32), 'of the record'),
      limit: shape.optional(shape.integer(1, HISTORY_MAX), `items of a page, ${PAGE_DEFAULT} if left out`),
      before: shape.optional(
        shape.string(MARK_LENGTH + REVISION_DIGITS, /^[0-9a-f]+$/, 'the next of an earlier page'),
        'the next of the page before',
      ),
    },
    result: object({
      items: list(
        object({
          id: hash,
          height: whole,
          block: hash,
          index: whole,
          time: whole,
          kind: oneOf('put', 'give', 'drop'),
          from: address,
          owner: address,
          revision: whole,
          'root?': hash,
          'size?': whole,
          fee: planks,
        }),
      ),
      next: orNull(text),
      tip,
    }),
    example: {
      params: { id: sample.RECORD, limit: 1 },
      result: {
        items: [
          {
            id: sample.TRANSACTION,
            height: 128,
            block: sample.BLOCK,
            index: 0,
            time: 1_790_000_000_000,
            kind: 'put',
            from: sample.BOB,
            owner: sample.BOB,
            revision: 2,
            root: sample.HASH,
            size: 5,
            fee: '310',
          },
        ],
        next: `000000000002${sample.HASH}1`,
        tip: sample.TIP,
      },
    },
    async call({ view }, { id, limit = PAGE_DEFAULT, before }) {
      const cursor = readCursor(before);
      const { tip: node, value } = await view.recordHistory(id, limit, cursor?.mark);
      if (value === null) throw new RuleError('NO_RECORD', toHex(id));
      let revision = cursor?.revision ?? value.record.revision;
      const items = value.events.map((event) => {
        const item = eventJson(event, revision);
        if (item.kind === 'put') revision -= 1;
        return item;
      });
      const next = value.older && writeCursor({ mark: value.older, revision });
      return { items, next, tip: tipJson(node) };
    },
  }),
];
