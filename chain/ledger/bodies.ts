/**
 * Owns the bodies that have been received and wait to be connected, with the check of their signatures, which starts
 * when they arrive so that it runs beside the connecting of earlier blocks. Bounded by the network layer, which asks for
 * no more while `bytes` is over its budget.
 */

import type { HeaderNode } from '../consensus/header-tree.ts';
import { RuleError } from '../errors.ts';
import { decodeBody, encodeBody } from '../format/block.ts';
import { encodeHeader } from '../format/header.ts';
import type { Transaction } from '../format/transaction.ts';
import { memoryOf } from '../format/transaction-memory.ts';
import { Turnover } from '../turnover.ts';
import type { Store, StoreWrite } from './ports.ts';
import { bodyRow, headerRow } from './store-keys.ts';
import type { Verdicts } from './verdicts.ts';

interface Held {
  readonly node: HeaderNode;
  readonly transactions: readonly Transaction[];
  readonly bytes: number;
  readonly verdict: Promise<RuleError | null>;
}

/** What the check of a transaction's signatures takes besides the transaction itself, measured on V8. */
const CHECK_BYTES = 2_048;

/** Bytes of memory that a block's transactions take while they wait. */
export function memoryOfBody(transactions: readonly Transaction[]): number {
  let bytes = CHECK_BYTES;
  for (const tx of transactions) bytes += memoryOf(tx) + CHECK_BYTES;
  return bytes;
}

export class Bodies {
  readonly #store: Store;
  readonly #verdicts: Verdicts;
  readonly #held = new Turnover<string, Held>();
  #bytes = 0;

  constructor(store: Store, verdicts: Verdicts) {
    this.#store = store;
    this.#verdicts = verdicts;
  }

  /** Bytes held in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  hold(node: HeaderNode, transactions: readonly Transaction[]): void {
    const bytes = memoryOfBody(transactions);
    const verdict = this.#check(transactions);
    // Awaited when the block is connected; until then a failure of the verifier must not count as unhandled.
    verdict.catch(() => undefined);
    this.#held.set(node.key, { node, transactions, bytes, verdict });
    this.#bytes += bytes;
  }

  release(node: HeaderNode): void {
    const held = this.#held.get(node.key);
    if (held === undefined) return;
    this.#held.delete(node.key);
    this.#bytes -= held.bytes;
  }

  /** The transactions of a block held in memory. */
  held(node: HeaderNode): readonly Transaction[] | undefined {
    return this.#held.get(node.key)?.transactions;
  }

  /** The transactions of a block held or stored; `null` if the store lost them. Signatures are not looked at. */
  async read(node: HeaderNode): Promise<readonly Transaction[] | null> {
    const held = this.held(node);
    if (held !== undefined) return held;
    const [bytes] = await this.#store.getMany([bodyRow(node.id)]);
    return bytes === undefined ? null : decodeBody(bytes);
  }

  /** The encoded body of a block held or stored. */
  async readBytes(node: HeaderNode): Promise<Uint8Array | null> {
    const held = this.held(node);
    if (held !== undefined) return encodeBody(held);
    const [bytes] = await this.#store.getMany([bodyRow(node.id)]);
    return bytes ?? null;
  }

  /** The fault in a block's signatures, or `null`. */
  verdict(node: HeaderNode, transactions: readonly Transaction[]): Promise<RuleError | null> {
    return this.#held.get(node.key)?.verdict ?? this.#check(transactions);
  }

  /** The blocks held that rest on bodies which haven't come. */
  incomplete(): HeaderNode[] {
    return [...this.#held.values()].map(({ node }) => node).filter(({ completed }) => completed === 0);
  }

  /** Stores the complete blocks still held, which are of side branches, so that they needn't stay in memory. */
  async storeComplete(): Promise<void> {
    const complete = [...this.#held.values()].filter(({ node }) => node.completed > 0);
    if (complete.length === 0) return;
    const rows = complete.flatMap(({ node, transactions }): StoreWrite[] => [
      [headerRow(node.id), encodeHeader(node.header)],
      [bodyRow(node.id), encodeBody(transactions)],
    ]);
    await this.#store.write(rows, { sync: false });
    // Until now they could be read only here.
    for (const { node } of complete) this.release(node);
  }

  async #check(transactions: readonly Transaction[]): Promise<RuleError | null> {
    const verdicts = await this.#verdicts.check(transactions);
    const bad = verdicts.indexOf(false);
    return bad === -1 ? null : new RuleError('BAD_SIGNATURE', `transaction ${bad} of the block`);
  }
}
