/**
 * Owns the file port: one folder of files that only grow at their end. The ledger keeps in such files what can't be
 * derived from anything else. Node, the simulator and the memory of a test or a browser tab implement it.
 */

/** An open file. Calls that change it must be made one after the other; reads may run beside them. */
export interface OpenFile {
  /** Bytes in the file, those of appends that have resolved. */
  readonly size: number;
  /**
   * Writes at the end. It survives the end of the process once it resolves, and a power cut after `sync`. Rejects with an
   * error whose `code` is `DISK_FULL` or `IO`; the size is then as before.
   */
  append(bytes: Uint8Array): Promise<void>;
  /** Up to `length` bytes from `at`: fewer at the end of the file, none behind it. The caller owns them. */
  read(at: number, length: number): Promise<Uint8Array>;
  /** Resolves once everything appended before survives a power cut. */
  sync(): Promise<void>;
  /** Cuts the file to `size` bytes, which is not above its own. Survives a power cut after `sync`. */
  truncate(size: number): Promise<void>;
  /** Ends the use of the file. It must not be used afterwards. */
  close(): Promise<void>;
}

/**
 * One folder. Names match `FILE_NAME`. Every implementation runs the contract suite in `test/chain/files/files-contract.ts`.
 * A power cut may take the end of each file that wasn't synced, each by itself, and names that changed since `sync`.
 */
export interface Files {
  /** Names of all that is in the folder, sorted. */
  list(): Promise<string[]>;
  /** The file of a name; `null` if there is none. Rejects with the code `NOT_A_FILE` if the name is a folder's. */
  open(name: string): Promise<OpenFile | null>;
  /** A new empty file, instead of an earlier one of that name. */
  create(name: string): Promise<OpenFile>;
  /** Deletes a file, or a folder with all in it; does nothing if there is none. It must not be open. */
  remove(name: string): Promise<void>;
  /** Gives a file or folder another name, in place of what had that name. An open file stays open. */
  rename(from: string, to: string): Promise<void>;
  /** Resolves once names survive a power cut. */
  sync(): Promise<void>;
  /** Bytes that can still be written; `null` if nobody knows. */
  free(): Promise<number | null>;
  /** So many random bytes, which nobody can foresee. */
  random(length: number): Uint8Array;
  /** As `hash` of `chain/format/hash.ts`, by the fastest means of the platform. */
  hash(domain: Uint8Array, ...parts: Uint8Array[]): Uint8Array;
}

/** What a file may be called. */
export const FILE_NAME = /^[a-z0-9][a-z0-9.-]{0,62}$/;

/** Why a file can't be had. Node's implementation says more, with the same codes. */
export class FilesError extends Error {
  override readonly name = 'FilesError';
  readonly code: 'DISK_FULL' | 'IO' | 'NOT_A_FILE';
  constructor(code: 'DISK_FULL' | 'IO' | 'NOT_A_FILE', message: string) {
    super(message);
    this.code = code;
  }
}
