/** Owns the naive state tree (the definition over a Map, no pages) and what the tests of the real one share. */
import fc from 'fast-check';
import { toHex } from '../../../chain/format/bytes.ts';
import { DOMAIN, hash, ZERO_HASH } from '../../../chain/format/hash.ts';
import { PageCache } from '../../../chain/state/page-cache.ts';
import type { PageSource } from '../../../chain/state/page-loader.ts';
import { StateTree } from '../../../chain/state/tree.ts';
import type { TreeChange } from '../../../chain/state/tree-update.ts';
import { flipBit, vectorId } from '../vector-ids.ts';

/** Keys in hex to value hashes. */
export type Content = Map<string, Uint8Array>;

type Entry = readonly [key: Uint8Array, valueHash: Uint8Array];

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16));

/** The root by its definition. */
export function naiveRoot(content: Content): Uint8Array {
  const rootOf = (entries: readonly Entry[], depth: number): Uint8Array => {
    if (entries.length === 0) return ZERO_HASH;
    if (entries.length === 1) return hash(DOMAIN.stateLeaf, ...entries[0]!);
    const hasOne = ([key]: Entry): boolean => ((key[Math.floor(depth / 8)]! >> (7 - (depth % 8))) & 1) === 1;
    const zeros = entries.filter((entry) => !hasOne(entry));
    const ones = entries.filter(hasOne);
    return hash(DOMAIN.stateInner, rootOf(zeros, depth + 1), rootOf(ones, depth + 1));
  };
  return rootOf(
    [...content].map(([key, valueHash]) => [bytesOf(key), valueHash]),
    0,
  );
}

/** A store of pages in memory. */
export class MapSource implements PageSource {
  readonly pages = new Map<string, Uint8Array>();
  calls = 0;

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.calls++;
    return keys.map((key) => this.pages.get(toHex(key)));
  }

  write(writes: Iterable<readonly [Uint8Array, Uint8Array | null]>): void {
    for (const [key, bytes] of writes) {
      if (bytes === null) this.pages.delete(toHex(key));
      else this.pages.set(toHex(key), bytes.slice());
    }
  }

  /** Keys and bytes in hex, in order: two stores with the same content are the same text. */
  dump(): string {
    return [...this.pages]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, bytes]) => `${key} ${toHex(bytes)}`)
      .join('\n');
  }
}

export function newTree(source: PageSource, root: Uint8Array = ZERO_HASH, cacheBytes = 1 << 20): StateTree {
  return new StateTree(source, new PageCache(cacheBytes), root);
}

/** Prepares and applies changes. */
export async function change(tree: StateTree, changes: readonly TreeChange[]): Promise<Uint8Array> {
  await tree.prepare(changes.map(([key]) => key));
  return finish(tree.update(changes));
}

export function finish<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

export function applyTo(content: Content, changes: readonly TreeChange[]): Content {
  const result = new Map(content);
  for (const [key, valueHash] of changes) {
    if (valueHash === null) result.delete(toHex(key));
    else result.set(toHex(key), valueHash);
  }
  return result;
}

/** The changes that turn nothing into the content. */
export function changesOf(content: Content): TreeChange[] {
  return [...content].map(([key, valueHash]) => [bytesOf(key), valueHash]);
}

/**
 * Keys that meet often and late: random ones, ones that differ from one of four in a single bit (so that they share up
 * to 255), and ones that share 60 bits or more and then differ at will.
 */
export const POOL: readonly Uint8Array[] = [
  ...Array.from({ length: 24 }, (_, i) => vectorId(1000 + i)),
  ...[0, 1, 2, 3].flatMap((i) =>
    [0, 1, 3, 4, 7, 8, 31, 59, 60, 61, 63, 64, 100, 127, 128, 199, 251, 252, 254, 255].map((bit) =>
      flipBit(vectorId(1000 + i), bit),
    ),
  ),
  ...Array.from({ length: 16 }, (_, i) => {
    const key = vectorId(2000 + i);
    key.set(vectorId(1000).subarray(0, 7 + (i % 4)));
    return key;
  }),
  new Uint8Array(32),
  new Uint8Array(32).fill(255),
];

/** Changes of some keys of the pool, each once; deletes are as likely as writes. */
export const someChanges: fc.Arbitrary<TreeChange[]> = fc
  .uniqueArray(
    fc.tuple(
      fc.integer({ min: 0, max: POOL.length - 1 }),
      fc.option(fc.integer({ min: 0, max: 5 }), { freq: 2 }),
    ),
    { maxLength: 30, selector: ([index]) => index },
  )
  .map((picks) => picks.map(([i, value]): TreeChange => [POOL[i]!, value === null ? null : vectorId(value)]));
