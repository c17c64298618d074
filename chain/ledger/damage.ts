/** Owns the kinds of damage to an index that are mended from the blocks, without making the state again. */
import { CorruptStoreError } from '../errors.ts';
import { formatAddress } from '../format/address.ts';
import { toHex } from '../format/bytes.ts';
import { describeName, type EntryRef, type Touches } from '../state/entries.ts';
import type { Place } from './place.ts';

/** The body of a block is lost, and comes again from peers: what is in it can't be told until then. */
export class MissingBody extends CorruptStoreError {
  constructor(block: string) {
    super(`the body of block ${block} is lost`);
  }
}

/** `what` names what is damaged, for the log and to mend each thing once. */
export abstract class DamagedIndex extends CorruptStoreError {
  readonly what: string;

  constructor(what: string, how: string) {
    super(`${what} ${how}`);
    this.what = what;
  }
}

/** A row of a history is missing, or isn't the one that the state commits to. */
export class DamagedHistory extends DamagedIndex {
  readonly ref: EntryRef;
  /** The touch that isn't found is the last of these. */
  readonly at: Touches;
  /** Where the touch after it is; `null` if it is the last of all. */
  readonly newer: Place | null;

  constructor(ref: EntryRef, at: Touches, newer: Place | null) {
    super(`the history of ${describeName(ref.name)}`, "isn't what the state commits to");
    this.ref = ref;
    this.at = at;
    this.newer = newer;
  }
}

/** The list of an account's records lacks one, or has one of another owner. */
export class DamagedOwned extends DamagedIndex {
  readonly owner: Uint8Array;

  constructor(owner: Uint8Array) {
    super(`the list of records of ${formatAddress(owner)}`, "isn't what the state commits to");
    this.owner = owner;
  }
}

/** The row of a transaction is missing, is there though it isn't mined, or has another place. */
export class DamagedMined extends DamagedIndex {
  readonly id: Uint8Array;
  /** Where it is; `null` if it isn't mined. */
  readonly place: Place | null;

  constructor(id: Uint8Array, place: Place | null) {
    super(`the place of transaction ${toHex(id)}`, "isn't what the blocks say");
    this.id = id;
    this.place = place;
  }
}
