/**
 * Owns the reads that make up one answer about one tip. State is read through the tree of that tip's root; rows of
 * indexes and bodies come as the store has them, for the caller to check.
 *
 * State: the pages and the last body of one answer.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import type { EntryRef } from '../state/entries.ts';
import type { PageCache } from '../state/page-cache.ts';
import { StateTree } from '../state/tree.ts';
import { encodeProof } from '../state/tree-proof.ts';
import type { Store } from './ports.ts';
import type { StateReader } from './state-reader.ts';
import type { Turns } from './turns.ts';
import { readWhole, unlessDamaged } from './whole-rows.ts';

/** Bytes of a state entry, `null` if there is none, and the encoded path that shows it. */
export interface ProvedEntry {
  readonly bytes: Uint8Array | null;
  readonly proof: Uint8Array;
}

/** What was read, and the tip it is of. */
export interface Answer<T> {
  readonly tip: HeaderNode;
  readonly value: T;
}

export interface TipSource {
  readonly tip: HeaderNode;
  readonly turns: Turns;
  readonly store: Store;
  readonly reader: StateReader;
  readonly cache: PageCache;
  /** The block of the active chain at a height. */
  activeAt(height: number): HeaderNode | undefined;
  readBody(node: HeaderNode): Promise<Uint8Array | null>;
}

/** Runs reads that make up one answer of one tip. They may be run again, and change nothing. */
export function atTip<T>(source: TipSource, work: (view: TipView) => Promise<T>): Promise<Answer<T>> {
  return source.turns.read(() => answer(source, work));
}

/** State entries at the tip, in order; `null` where there is none. Goes on beside a commit, which can't mislead it. */
export function getEntries(
  source: TipSource,
  refs: readonly EntryRef[],
): Promise<Answer<(Uint8Array | null)[]>> {
  return source.turns.read(() => answer(source, (view) => view.entries(refs)), { proved: true });
}

async function answer<T>(source: TipSource, work: (view: TipView) => Promise<T>): Promise<Answer<T>> {
  const view = new TipView(source.tip, source);
  return { tip: view.tip, value: await work(view) };
}

export class TipView {
  readonly tip: HeaderNode;
  readonly #source: TipSource;
  readonly #tree: StateTree;
  #body: { readonly node: HeaderNode; readonly bytes: Uint8Array | null } | null = null;

  constructor(tip: HeaderNode, source: TipSource) {
    this.tip = tip;
    this.#source = source;
    this.#tree = new StateTree(source.store, source.cache, tip.header.stateRoot);
  }

  /** State entries, in order; `null` where there is none. */
  entries(refs: readonly EntryRef[]): Promise<(Uint8Array | null)[]> {
    return this.#source.reader.read(this.#tree, refs);
  }

  /** A state entry with its proof under the tip's state root. */
  async prove(ref: EntryRef): Promise<ProvedEntry> {
    const [bytes] = await this.entries([ref]);
    return { bytes: bytes ?? null, proof: encodeProof(this.#tree.prove(ref.key)) };
  }

  /** Rows of an index; `undefined` for those that are missing or can't be read. */
  rows(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return readWhole(this.#source.store, keys);
  }

  /** The block of the tip's chain at a height, or `undefined`. */
  blockAt(height: number): HeaderNode | undefined {
    return this.#source.activeAt(height);
  }

  /** The encoded body of a block; `null` if it is missing or can't be read. The last one is kept. */
  async body(node: HeaderNode): Promise<Uint8Array | null> {
    if (this.#body?.node !== node) {
      this.#body = { node, bytes: await unlessDamaged(this.#source.readBody(node)) };
    }
    return this.#body.bytes;
  }
}
