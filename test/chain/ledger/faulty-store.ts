/** Owns a store that remembers its batches and damages rows on request: lost, unreadable, or as they once were. */
import { CorruptStoreError } from '../../../chain/errors.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import type { IterateOptions, StoreWrite } from '../../../chain/ledger/ports.ts';

export type Damage = 'lost' | 'unreadable' | 'stale';

export class FaultyStore extends MemoryStore {
  /** All that was written, batch by batch. */
  readonly batches: (readonly StoreWrite[])[] = [];
  /** Every value a row has had, oldest first, by hex of the key. */
  readonly #values = new Map<string, Uint8Array[]>();
  readonly #unreadable = new Set<string>();

  /** A store as it was after some batches of another. */
  static async after(batches: readonly (readonly StoreWrite[])[]): Promise<FaultyStore> {
    const store = new FaultyStore();
    for (const batch of batches) await store.write(batch, { sync: true });
    return store;
  }

  /** Damages a row until it's written again; false if it can't be damaged so. */
  async damage(key: Uint8Array, how: Damage): Promise<boolean> {
    const values = this.#values.get(toHex(key)) ?? [];
    const older = values.findLast((value) => toHex(value) !== toHex(values.at(-1)!));
    if (how === 'unreadable') this.#unreadable.add(toHex(key));
    else if (how === 'lost') await super.write([[key, null]], { sync: true });
    else if (older !== undefined) await super.write([[key, older]], { sync: true });
    return how !== 'stale' || older !== undefined;
  }

  /** Hex keys of the rows that are still unreadable. */
  get unreadable(): string[] {
    return [...this.#unreadable];
  }

  override async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#check(keys);
    return super.getMany(keys);
  }

  override async iterate(options: IterateOptions): Promise<[key: Uint8Array, value: Uint8Array][]> {
    const rows = await super.iterate(options);
    if (options.keysOnly !== true) this.#check(rows.map(([key]) => key));
    return rows;
  }

  override async write(writes: Iterable<StoreWrite>, options: { readonly sync: boolean }): Promise<void> {
    const batch = [...writes];
    await super.write(batch, options);
    this.batches.push(batch);
    for (const [key, value] of batch) {
      const name = toHex(key);
      this.#unreadable.delete(name);
      if (value === null) continue;
      const values = this.#values.get(name);
      if (values === undefined) this.#values.set(name, [value]);
      else values.push(value);
    }
  }

  #check(keys: readonly Uint8Array[]): void {
    if (this.#unreadable.size === 0) return;
    for (const key of keys) {
      if (this.#unreadable.has(toHex(key)))
        throw new CorruptStoreError(`the row ${toHex(key)} is unreadable`);
    }
  }
}
