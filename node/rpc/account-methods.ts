/** Owns the methods that ask for accounts. */
import { formatAddress } from '../../chain/format/address.ts';
import { formatPlanks } from '../../chain/format/amount.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { amountFor, counterpartOf } from '../../chain/format/movement.ts';
import type { Mined } from '../../chain/ledger/mined.ts';
import { method } from './method.ts';
import { MARK_LENGTH, readMark, writeMark } from './page-mark.ts';
import * as sample from './samples.ts';
import * as schema from './schema.ts';
import * as shape from './shapes.ts';
import { accountJson, tipJson } from './summaries.ts';
import type { NodeView } from './view.ts';

const { hash, whole, planks, address, flag, object, orNull, list, text, tip } = schema;

const HISTORY_MAX = 100;
/** Looks again if a block came between asking the chain and asking the mempool. */
const LOOKS = 4;
const HISTORY_DEFAULT = 20;
/** Transactions of a queue in one answer: at most 256 KiB of hex. */
const QUEUE_PAGE = 16;
const recoverySchema = orNull(object({ account: address, delay: whole }));
const historySchema = object({ hash, count: whole });
const who = shape.required(shape.address, 'of the account');

/** The account at a tip that the mempool is of, too: a block may come between asking the one and the other. */
async function currentAccount(view: NodeView, address: Uint8Array): ReturnType<NodeView['account']> {
  for (let look = 1; ; look++) {
    const answer = await view.account(address);
    if (answer.tip === view.tip || look === LOOKS) return answer;
  }
}

function historyItem(account: Uint8Array, { transaction: tx, block, index }: Mined) {
  const to = counterpartOf(account, tx);
  const amount = amountFor(account, tx);
  return {
    id: tx.key,
    height: block.height,
    block: block.key,
    index,
    time: block.header.time,
    kind: tx.body.TAG,
    from: formatAddress(tx.sender),
    ...(to !== null && { to: formatAddress(to) }),
    ...(amount !== null && { amount: String(amount) }),
    fee: formatPlanks(tx.fee),
  };
}

export const ACCOUNT_METHODS = [
  method({
    name: 'account',
    doc: 'An account. `nextNonce` counts what waits in the mempool, `pendingOut` is what that will take from the balance, fees included. An address that nobody paid to yet has `exists` false.',
    params: { address: who },
    result: object({
      address,
      exists: flag,
      balance: planks,
      nonce: whole,
      nextNonce: whole,
      pendingOut: planks,
      deposits: planks,
      authKey: orNull(hash),
      locked: flag,
      rotatedAt: whole,
      recovery: recoverySchema,
      pendingChange: orNull(object({ recovery: recoverySchema, at: whole })),
      pendingRecovery: orNull(object({ authKey: hash, at: whole })),
      history: historySchema,
      tip,
    }),
    example: {
      params: { address: sample.ALICE },
      result: {
        address: sample.ALICE,
        exists: true,
        balance: '250000000',
        nonce: 4,
        nextNonce: 5,
        pendingOut: '1000178',
        deposits: '0',
        authKey: sample.HASH,
        locked: false,
        rotatedAt: 1,
        recovery: null,
        pendingChange: null,
        pendingRecovery: null,
        history: { hash: sample.HASH, count: 9 },
        tip: sample.TIP,
      },
    },
    async call({ view }, params) {
      const { tip: node, value: account } = await currentAccount(view, params.address);
      const nonce = account?.nonce ?? 0;
      const waiting = view.queueOf(params.address).filter(({ transaction }) => transaction.nonce >= nonce);
      const last = waiting.at(-1);
      return {
        ...accountJson(params.address, account),
        nextNonce: last === undefined ? nonce : last.transaction.nonce + 1,
        pendingOut: formatPlanks(waiting.reduce((sum, { cost }) => sum + cost, 0)),
        tip: tipJson(node),
      };
    },
  }),
  method({
    name: 'queue',
    doc: `What waits in this node's mempool of one account, whole: from nonce \`from\` on without a gap, at most ${QUEUE_PAGE}.`,
    params: {
      address: who,
      from: shape.optional(
        shape.integer(0, Number.MAX_SAFE_INTEGER),
        'the first nonce; that of the account if left out',
      ),
    },
    result: object({ transactions: list(schema.hex), tip }),
    example: {
      params: { address: sample.ALICE, from: 4 },
      result: { transactions: ['01aa'], tip: sample.TIP },
    },
    async call({ view }, params) {
      const { tip: node, value: account } = await view.account(params.address);
      const from = params.from ?? account?.nonce ?? 0;
      const transactions: string[] = [];
      for (const { transaction } of view.queueOf(params.address)) {
        if (transaction.nonce !== from + transactions.length) continue;
        if (transactions.length === QUEUE_PAGE) break;
        transactions.push(toHex(transaction.bytes));
      }
      return { transactions, tip: tipJson(node) };
    },
  }),
  method({
    name: 'history',
    doc: 'Mined transactions that touched an account, newest first. `amount` is what a transfer brought (or took, fee included, surcharges for new accounts not). `next` is the `before` of the next page.',
    params: {
      address: who,
      limit: shape.optional(shape.integer(1, HISTORY_MAX), `items of a page, ${HISTORY_DEFAULT} if left out`),
      before: shape.optional(
        shape.string(MARK_LENGTH, /^[0-9a-f]+$/, 'the next of an earlier page'),
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
          kind: text,
          from: address,
          'to?': address,
          'amount?': schema.signedPlanks,
          fee: planks,
        }),
      ),
      next: orNull(text),
      tip,
    }),
    example: {
      params: { address: sample.ALICE, limit: 1 },
      result: {
        items: [
          {
            id: sample.TRANSACTION,
            height: 128,
            block: sample.BLOCK,
            index: 0,
            time: 1_790_000_000_000,
            kind: 'transfer',
            from: sample.ALICE,
            to: sample.BOB,
            amount: '-100000178',
            fee: '178',
          },
        ],
        next: `000000000008${sample.HASH}`,
        tip: sample.TIP,
      },
    },
    async call({ view }, { address: account, limit = HISTORY_DEFAULT, before }) {
      const { tip: node, value: page } = await view.history(
        account,
        limit,
        before === undefined ? undefined : readMark(before),
      );
      return {
        items: page.items.map((mined) => historyItem(account, mined)),
        next: page.older && writeMark(page.older),
        tip: tipJson(node),
      };
    },
  }),
];
