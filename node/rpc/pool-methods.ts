/** Owns the methods around transactions on their way: submitting, following, the mempool and its fees. */
import type { RuleError } from '../../chain/errors.ts';
import { formatPlanks } from '../../chain/format/amount.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { TRANSACTION_BYTES_MAX } from '../../chain/format/transaction.ts';
import { hintOf, withHint } from './faults.ts';
import { method } from './method.ts';
import * as sample from './samples.ts';
import * as schema from './schema.ts';
import * as shape from './shapes.ts';
import { tipJson, transactionJson } from './summaries.ts';
import { transactionSchema } from './transaction-schema.ts';
import type { NodeView, Submission } from './view.ts';

const { hash, whole, hex, planks, flag, object, list, text, tip } = schema;

const SUBMIT_MAX = 1000;
const MEMPOOL_MAX = 1000;
const MEMPOOL_DEFAULT = 100;
/** Looks again if a block came between asking the chain and asking the mempool. */
const LOOKS = 4;

const reasonSchema = object({ code: text, message: text, 'hint?': text });

function reasonJson(error: RuleError) {
  return { ...withHint(error.code, hintOf(error.code)), message: error.message };
}

function submissionJson({ id, status, error }: Submission) {
  const named = id === null ? {} : { id: toHex(id) };
  return error === null ? { ...named, status } : { ...named, error: reasonJson(error) };
}

async function describeTransaction(view: NodeView, id: Uint8Array) {
  for (let look = 1; ; look++) {
    const { tip: node, value: mined, complete } = await view.mined(id);
    const base = { id: toHex(id), tip: tipJson(node) };
    if (mined !== null) {
      return {
        ...base,
        status: 'mined',
        confirmations: node.height - mined.block.height + 1,
        block: { height: mined.block.height, id: mined.block.key, index: mined.index },
        transaction: transactionJson(mined.transaction),
        raw: toHex(mined.transaction.bytes),
      };
    }
    const found = view.unmined(id);
    if (found.status === 'unknown' && view.tip !== node && look < LOOKS) continue;
    const unmined = { ...base, status: found.status, confirmations: 0 };
    if (found.status === 'unknown') return { ...unmined, complete };
    if (found.status === 'dropped') return { ...unmined, complete, reason: reasonJson(found.reason) };
    return {
      ...unmined,
      transaction: transactionJson(found.transaction),
      raw: toHex(found.transaction.bytes),
    };
  }
}

export const POOL_METHODS = [
  method({
    name: 'submit',
    doc: `Submits up to ${SUBMIT_MAX} signed transactions. One outcome each, in order: a status, or an error. What has a status is on disk and survives a crash of the node. Submitting a transaction again is no error.`,
    params: {
      transactions: shape.required(
        shape.list(shape.hexUpTo(TRANSACTION_BYTES_MAX), SUBMIT_MAX),
        'signed, in hex; of one sender in the order of their nonces',
      ),
    },
    result: object({
      results: list(
        object({ 'id?': hash, 'status?': schema.oneOf('pending', 'mined'), 'error?': reasonSchema }),
      ),
    }),
    example: {
      params: { transactions: ['01aa', '01bb'] },
      result: {
        results: [
          { id: sample.TRANSACTION, status: 'pending' },
          {
            id: sample.HASH,
            error: {
              code: 'EXPIRED',
              hint: 'Sign it again with a later validUntil.',
              message: 'the height it was valid until has passed (valid until 100)',
            },
          },
        ],
      },
    },
    async call({ view }, { transactions }) {
      return { results: (await view.submit(transactions)).map(submissionJson) };
    },
  }),
  method({
    name: 'transaction',
    doc: 'Where a transaction stands: `mined` (in the active chain), `pending` (in the mempool), `dropped` (it was here and left, for `reason`) or `unknown`. With the last two, `complete` says that it is in no block of the chain; it is false while the node still checks which transactions old blocks hold.',
    params: { id: shape.required(shape.hexOf(32), 'of the transaction') },
    result: object({
      id: hash,
      status: schema.oneOf('pending', 'mined', 'unknown', 'dropped'),
      'reason?': reasonSchema,
      'complete?': flag,
      confirmations: whole,
      'block?': object({ height: whole, id: hash, index: whole }),
      'transaction?': transactionSchema,
      'raw?': hex,
      tip,
    }),
    example: {
      params: { id: sample.TRANSACTION },
      result: {
        id: sample.TRANSACTION,
        tip: sample.TIP,
        status: 'mined',
        confirmations: 1,
        block: { height: 128, id: sample.BLOCK, index: 0 },
        transaction: sample.TRANSFER,
        raw: '01aa',
      },
    },
    call: ({ view }, { id }) => describeTransaction(view, id),
  }),
  method({
    name: 'mempool',
    doc: 'What waits to be mined: count and bytes of all, and up to `limit` of the transactions. Below `minFeePerByte` planks a byte nothing is taken now.',
    params: {
      limit: shape.optional(
        shape.integer(0, MEMPOOL_MAX),
        `transactions listed, ${MEMPOOL_DEFAULT} if left out`,
      ),
    },
    result: object({
      count: whole,
      bytes: whole,
      minFeePerByte: planks,
      transactions: list(transactionSchema),
      tip,
    }),
    example: {
      params: { limit: 1 },
      result: {
        count: 12,
        bytes: 2136,
        minFeePerByte: '1',
        transactions: [sample.TRANSFER],
        tip: sample.TIP,
      },
    },
    call({ view }, { limit = MEMPOOL_DEFAULT }) {
      const transactions = [];
      for (const tx of view.pool.values()) {
        if (transactions.length === limit) break;
        transactions.push(transactionJson(tx));
      }
      return {
        count: view.pool.size,
        bytes: view.pool.bytes,
        minFeePerByte: formatPlanks(view.fees().floorPerByte),
        transactions,
        tip: tipJson(view.tip),
      };
    },
  }),
  method({
    name: 'fee',
    doc: 'Planks a byte: `perByte` to be mined soon, `floorPerByte` to be taken at all.',
    params: {},
    result: object({ perByte: planks, floorPerByte: planks, tip }),
    example: { params: {}, result: { perByte: '1', floorPerByte: '1', tip: sample.TIP } },
    call({ view }) {
      const { perByte, floorPerByte } = view.fees();
      return {
        perByte: formatPlanks(perByte),
        floorPerByte: formatPlanks(floorPerByte),
        tip: tipJson(view.tip),
      };
    },
  }),
];
