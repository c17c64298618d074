/**
 * Owns chains for protocol tests: headers that are valid in every respect of header stage, at a difficulty of two hashes
 * a block, over bodies of made-up transactions. Nothing is executed, so state roots are arbitrary and signatures zero.
 */
import {
  childDifficulty,
  type HeaderContext,
  historyRootAfter,
  meetsTarget,
  validateHeader,
} from '../../chain/consensus/header-rules.ts';
import { HeaderTree } from '../../chain/consensus/header-tree.ts';
import { EMPTY_HISTORY, historyRoot } from '../../chain/consensus/history.ts';
import { publicKeyOf } from '../../chain/crypto/ed25519.ts';
import { RuleError } from '../../chain/errors.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { DOMAIN, hash, ZERO_HASH } from '../../chain/format/hash.ts';
import { type Header, headerId } from '../../chain/format/header.ts';
import { txRoot } from '../../chain/format/merkle.ts';
import { encodeParams, type Params } from '../../chain/format/params.ts';
import { assembleTransaction, encodeUnsigned, type Transaction } from '../../chain/format/transaction.ts';

export const PARAMS: Params = {
  name: 'p2p',
  salt: new Uint8Array(32).fill(9),
  time: 1_700_000_000_000,
  limits: { blockBytes: 65_536, blockSignatures: 256, futureMs: 2_000 },
  difficulty: { bits: 0x207fffff, floorBits: 0x207fffff, targetMs: 1_000, halfLifeMs: 10_000 },
  reward: { initial: 50_000_000, halvingBlocks: 100, maturity: 5 },
  prices: { feePerByte: 2, accountSurcharge: 1_000, depositPerByte: 3, depositPerEntry: 500 },
  allocations: [],
  activations: [],
};

export interface Made {
  readonly context: HeaderContext;
  readonly header: Header;
  readonly transactions: readonly Transaction[];
}

const publicKey = publicKeyOf(new Uint8Array(32).fill(1));

/** A transaction of its own id for each number; structurally right, its signature zero. */
export function transaction(number: number): Transaction {
  const unsigned = encodeUnsigned({
    version: 1,
    sender: new Uint8Array(20).fill(5),
    scheme: 1,
    publicKey,
    nonce: number,
    fee: 1_000,
    validUntil: 1_000_000,
    body: {
      TAG: 'transfer',
      data: { outputs: [{ to: new Uint8Array(20).fill(6), amount: 1 }], memo: new Uint8Array() },
    },
  });
  return assembleTransaction(unsigned, new Uint8Array(64));
}

/** Bytes in the place of a transaction, with their own id: not of any form. */
export function malformed(number: number): Transaction {
  const bytes = transaction(number).bytes.slice(0, -1);
  const id = hash(DOMAIN.transaction, bytes);
  return { ...transaction(number), bytes, id, key: toHex(id) };
}

export function transactions(from: number, count: number): Transaction[] {
  return Array.from({ length: count }, (_, i) => transaction(from + i));
}

export function makeTree(params: Params = PARAMS): HeaderTree {
  return new HeaderTree(params, {
    version: 1,
    height: 0,
    previous: ZERO_HASH,
    historyRoot: historyRoot(EMPTY_HISTORY),
    txRoot: hash(DOMAIN.genesis, encodeParams(params)),
    stateRoot: ZERO_HASH,
    time: params.time,
    elapsed: 0,
    bits: params.difficulty.bits,
    miner: new Uint8Array(20),
    nonce: 0,
  });
}

/** A child of `parent`. `salt` tells siblings apart; `step` is milliseconds after the parent. */
export function makeBlock(
  parent: HeaderContext,
  options: { transactions?: readonly Transaction[]; salt?: number; step?: number; params?: Params } = {},
): Made {
  const { transactions: body = [], salt = 0, step = 1_000, params = PARAMS } = options;
  const time = parent.header.time + step;
  for (let nonce = salt * 1_000_000; ; nonce++) {
    const header: Header = {
      version: 1,
      height: parent.header.height + 1,
      previous: parent.id,
      historyRoot: historyRootAfter(parent),
      txRoot: txRoot(body.map(({ id }) => id)),
      stateRoot: ZERO_HASH,
      time,
      ...childDifficulty(params, parent, time),
      miner: new Uint8Array(20).fill(salt & 0xff),
      nonce,
    };
    try {
      return { context: validateHeader(params, parent, header, time), header, transactions: body };
    } catch (error) {
      if (!(error instanceof RuleError) || error.code !== 'BAD_WORK') throw error;
    }
  }
}

/** `count` blocks on `parent`; each with the transactions that `body` gives for its index. */
export function makeChain(
  parent: HeaderContext,
  count: number,
  options: {
    salt?: number;
    step?: number;
    params?: Params;
    body?: (index: number) => readonly Transaction[];
  } = {},
): Made[] {
  const made: Made[] = [];
  const { body, ...rest } = options;
  for (let i = 0; i < count; i++) {
    const above = made.at(-1)?.context ?? parent;
    made.push(makeBlock(above, { ...rest, transactions: body?.(i) ?? [] }));
  }
  return made;
}

/** True if the header's id reaches the target it names. */
export function hasWork(header: Header): boolean {
  return meetsTarget(headerId(header), header.bits);
}
