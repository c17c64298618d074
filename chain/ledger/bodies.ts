/**
 * Owns the bodies of blocks: those received that wait to be connected, those in block files, and which of these are lost.
 * The signatures of a body begin to be checked when it arrives, so that this runs beside the connecting of earlier blocks.
 * Bounded by the network layer, which asks for no more while `bytes` is over its budget.
 */

import type { HeaderNode } from '../consensus/header-tree.ts';
import { RuleError } from '../errors.ts';
import { type Block, decodeBody, encodeBody } from '../format/block.ts';
import type { Transaction } from '../format/transaction.ts';
import { memoryOf } from '../format/transaction-memory.ts';
import { Turnover } from '../turnover.ts';
import type { BlockStore } from './block-store.ts';
import type { ForkChoice } from './fork-choice.ts';
import { LostBody } from './move-faults.ts';
import type { Verdicts } from './verdicts.ts';

interface Held {
  readonly node: HeaderNode;
  readonly transactions: readonly Transaction[];
  readonly bytes: number;
  readonly verdict: Promise<RuleError | null>;
}

/** So far below the tip a branch that lost before it was whole keeps the bodies that have come. */
const INCOMPLETE_BLOCKS = 6;
/** What the check of a transaction's signatures takes besides the transaction itself, measured on V8. */
const CHECK_BYTES = 2_048;

/** Bytes of memory that a block's transactions take while they wait. */
export function memoryOfBody(transactions: readonly Transaction[]): number {
  let bytes = CHECK_BYTES;
  for (const tx of transactions) bytes += memoryOf(tx) + CHECK_BYTES;
  return bytes;
}

export class Bodies {
  readonly #store: BlockStore;
  readonly #verdicts: Verdicts;
  readonly #held = new Turnover<string, Held>();
  /** Connected blocks whose bodies no file has. The ledger goes on without them until somebody brings them again. */
  readonly lost: Set<HeaderNode>;
  #bytes = 0;

  constructor(store: BlockStore, verdicts: Verdicts, lost: Iterable<HeaderNode>) {
    this.#store = store;
    this.lost = new Set(lost);
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

  /** The transactions of a block held or stored; `null` if its file lost them. Signatures are not looked at. */
  async read(node: HeaderNode): Promise<readonly Transaction[] | null> {
    const held = this.held(node);
    if (held !== undefined) return held;
    const bytes = await this.#store.read(node.place, node.id);
    return bytes === null ? null : decodeBody(bytes);
  }

  /** As `read`; rejects with `LostBody` if its file lost it. */
  async need(node: HeaderNode): Promise<readonly Transaction[]> {
    const transactions = this.held(node) ?? (await this.read(node));
    if (transactions === null) throw new LostBody(node);
    return transactions;
  }

  /** The encoded body of a block held or stored; `null` if its file lost it. */
  async readBytes(node: HeaderNode): Promise<Uint8Array | null> {
    const held = this.held(node);
    if (held !== undefined) return encodeBody(held);
    return await this.#store.read(node.place, node.id);
  }

  /** The fault in a block's signatures, or `null`. */
  verdict(node: HeaderNode, transactions: readonly Transaction[]): Promise<RuleError | null> {
    return this.#held.get(node.key)?.verdict ?? this.#check(transactions);
  }

  /**
   * Forgets bodies of branches that lost before they were whole: whoever had the rest may be gone for good. Should such a
   * branch grow above the tip, they are asked for again.
   */
  letGo(choice: ForkChoice, tip: HeaderNode): void {
    const held = [...this.#held.values()].map(({ node }) => node);
    const old = held.filter((node) => node.completed === 0 && node.height + INCOMPLETE_BLOCKS <= tip.height);
    for (const node of choice.lost(old, tip.work)) {
      this.release(node);
      node.hasBody = false;
    }
  }

  /** Stores the complete blocks still held, which are of side branches, so that they needn't stay in memory. */
  async storeComplete(): Promise<void> {
    const complete = [...this.#held.values()].filter(({ node }) => node.completed > 0);
    await this.#store.append(complete);
    for (const { node } of complete) {
      this.lost.delete(node);
      // Until now it could be read only here.
      this.release(node);
    }
  }

  /** Stores those of these blocks that aren't yet; once it resolves all of them survive a power cut. */
  async storeConnected(nodes: readonly HeaderNode[], blocks: readonly Block[]): Promise<void> {
    const held = nodes.map((node, i) => ({ node, transactions: blocks[i]!.transactions }));
    await this.#store.append(held.filter(({ node }) => node.place < 0));
    await this.#store.sync();
  }

  async #check(transactions: readonly Transaction[]): Promise<RuleError | null> {
    const verdicts = await this.#verdicts.check(transactions);
    const bad = verdicts.indexOf(false);
    return bad === -1 ? null : new RuleError('BAD_SIGNATURE', `transaction ${bad} of the block`);
  }
}
