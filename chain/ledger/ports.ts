/** Owns the two ports the ledger engine awaits: where bytes are kept, and who checks signatures. */

/** One change of an atomic batch: a new value, or `null` to delete the key. */
export type StoreWrite = readonly [key: Uint8Array, value: Uint8Array | null];

export interface IterateOptions {
  /** First key, inclusive. */
  readonly from: Uint8Array;
  /** End of the range, exclusive. */
  readonly to: Uint8Array;
  readonly reverse?: boolean;
  /** Most entries to return; the answer is one array, so a limit is not optional. */
  readonly limit: number;
  /** Values are not looked at, so that damaged ones are no hindrance, and come back empty. */
  readonly keysOnly?: boolean;
}

/** Rows to be read by their keys. */
export interface RowReader {
  /** The values in the order of the keys, from one snapshot; `undefined` where there is none. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
}

/**
 * An ordered map of byte strings. Every implementation runs the contract suite in `test/chain/ledger/store-contract.ts`.
 * A value comes back exactly as written, or the call rejects with `CorruptStoreError`: never a different value.
 */
export interface Store extends RowReader {
  /**
   * Applies all or nothing. With `sync` it survives a power cut once it resolves; without, the end of the process. The batch
   * may be read until then, and is read once, so a large one can be made on the way.
   */
  write(batch: Iterable<StoreWrite>, options: { readonly sync: boolean }): Promise<void>;
  /** Entries in key order from one snapshot. */
  iterate(options: IterateOptions): Promise<[key: Uint8Array, value: Uint8Array][]>;
  close(): Promise<void>;
}

/** One signature to check under rule L-strict. */
export interface SignatureCheck {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /**
   * Raw message bytes, domain included, in parts to be taken one after the other: they are joined only where the
   * signature is really checked, which of the nodes that hear of a transaction few do.
   */
  readonly message: readonly Uint8Array[];
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** Checks signatures; both implementations give the same verdict on every input. */
export interface Verifier {
  /** One verdict for each check, in order. Never rejects for bad input. */
  verify(checks: readonly SignatureCheck[]): Promise<boolean[]>;
}
