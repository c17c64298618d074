/**
 * Owns what the state holds: accounts, records, totals and pending rewards; their keys in the state tree and their bytes.
 * A value is a kind byte and the fields in the order of the codecs below.
 */
import { assert } from '../errors.ts';
import { ADDRESS_LENGTH } from '../format/address.ts';
import { fromText, toHex, toText, u32 as u32Bytes } from '../format/bytes.ts';
import {
  bool,
  byteString,
  type Codec,
  decode,
  encode,
  encodeAll,
  fixed,
  optional,
  struct,
  tagged,
  u32,
  u53,
} from '../format/codec.ts';
import { DOMAIN, hash, hashIn } from '../format/hash.ts';
import { remember } from '../format/remembered.ts';
import { Slab } from '../format/slab.ts';
import {
  INLINE_BYTES_MAX,
  MEDIA_TYPE_BYTES_MAX,
  NAME_BYTES_MAX,
  type Recovery,
} from '../format/transaction.ts';

/** Chain of the transactions that touched an entry: `hash` grows by one id at a time, `count` says how many. */
export interface Touches {
  history: Uint8Array;
  historyCount: number;
}

export interface Account extends Touches {
  /** Planks that can be spent. */
  balance: number;
  /** Transactions sent. */
  nonce: number;
  /** Hash of scheme and key that may sign; null until the first transaction reveals it. */
  authKey: Uint8Array | null;
  /** Height since which the key is current. */
  rotatedAt: number;
  recovery: Recovery | null;
  /** A change of the recovery account that takes effect at a height, unless the present one stops it. */
  pendingChange: { recovery: Recovery | null; at: number } | null;
  /** A recovery that can be claimed from a height on, unless the owner stops it. */
  pendingRecovery: { authKey: Uint8Array; at: number } | null;
  /** Nothing goes out until it is recovered. */
  locked: boolean;
  /** Planks locked in the records it owns. */
  deposits: number;
}

export interface LedgerRecord extends Touches {
  owner: Uint8Array;
  creator: Uint8Array;
  name: Uint8Array;
  /** BEP 52 pieces root of the content; zeros after a drop. */
  root: Uint8Array;
  /** Bytes of the content. */
  size: number;
  mediaType: Uint8Array;
  inline: Uint8Array | null;
  /** Counts puts, from 1. */
  revision: number;
  /** True for the tombstone that stays. */
  dropped: boolean;
  /** Planks locked for it. */
  deposit: number;
}

/** Sums over the whole ledger: balances + deposited + unclaimedFees = issued − burned. */
export interface Totals {
  issued: number;
  burned: number;
  deposited: number;
  /** Fees of blocks whose reward isn't credited yet. */
  unclaimedFees: number;
}

/** What the block at `height` earned, credited `maturity` blocks later. */
export interface PendingReward {
  height: number;
  miner: Uint8Array;
  reward: number;
  fees: number;
}

export type Entry =
  | { TAG: 'account'; data: Account }
  | { TAG: 'record'; data: LedgerRecord }
  | { TAG: 'totals'; data: Totals }
  | { TAG: 'pending'; data: PendingReward };

const address = fixed(20);
const recovery: Codec<Recovery> = struct({ account: address, delay: u32 });
const entry = tagged<Entry>({
  account: [
    1,
    struct<Account>({
      balance: u53,
      nonce: u53,
      authKey: optional(fixed(32)),
      rotatedAt: u32,
      recovery: optional(recovery),
      pendingChange: optional(struct({ recovery: optional(recovery), at: u32 })),
      pendingRecovery: optional(struct({ authKey: fixed(32), at: u32 })),
      locked: bool,
      deposits: u53,
      history: fixed(32),
      historyCount: u53,
    }),
  ],
  record: [
    2,
    struct<LedgerRecord>({
      owner: address,
      creator: address,
      name: byteString(NAME_BYTES_MAX),
      root: fixed(32),
      size: u53,
      mediaType: byteString(MEDIA_TYPE_BYTES_MAX),
      inline: optional(byteString(INLINE_BYTES_MAX)),
      revision: u53,
      dropped: bool,
      deposit: u53,
      history: fixed(32),
      historyCount: u53,
    }),
  ],
  totals: [3, struct<Totals>({ issued: u53, burned: u53, deposited: u53, unclaimedFees: u53 })],
  pending: [4, struct<PendingReward>({ height: u32, miner: address, reward: u53, fees: u53 })],
});

export function encodeEntry(value: Entry): Uint8Array {
  return encode(entry, value);
}

/** All in one piece of memory. */
export function encodeEntries(values: readonly Entry[]): Uint8Array[] {
  return encodeAll(entry, values);
}

export function decodeEntry(bytes: Uint8Array): Entry {
  return decode(entry, bytes);
}

const ACCOUNT_KIND = Uint8Array.of(1);
const RECORD_KIND = Uint8Array.of(2);
const TOTALS_KIND = Uint8Array.of(3);
const PENDING_KIND = Uint8Array.of(4);

/** Names one entry: `name` in memory, `key` in the state tree. */
export interface EntryRef {
  readonly name: string;
  readonly key: Uint8Array;
}

/** Small pieces: the references that are remembered keep theirs alive, 1 MiB at most. */
const hashes = new Slab(1024);

export const accountRef: (address: Uint8Array) => EntryRef = remember((address) => ({
  name: toText(address),
  key: hashIn(hashes, DOMAIN.stateKey, ACCOUNT_KIND, address),
}));

export function recordRef(id: Uint8Array): EntryRef {
  return recordRefNamed(recordName(id), id);
}

export function recordRefNamed(name: string, id: Uint8Array): EntryRef {
  return { name, key: hash(DOMAIN.stateKey, RECORD_KIND, id) };
}

export const TOTALS: EntryRef = { name: 'totals', key: hash(DOMAIN.stateKey, TOTALS_KIND) };

/** The entry of a height is overwritten one maturity later. */
export function pendingRef(height: number, maturity: number): EntryRef {
  const slot = u32Bytes(height % maturity);
  return { name: pendingName(height, maturity), key: hash(DOMAIN.stateKey, PENDING_KIND, slot) };
}

/** Names are the bytes of addresses and ids as text, since all that is executed is looked up by them: their lengths tell them apart. */
export const accountName = (address: Uint8Array): string => toText(address);
export const recordName = (id: Uint8Array): string => toText(id);
export const pendingName = (height: number, maturity: number): string => `pending ${height % maturity}`;
export const isAccountName = (name: string): boolean => name.length === ADDRESS_LENGTH;

/** A name to be read by people. */
export function describeName(name: string): string {
  if (isAccountName(name)) return `account ${toHex(fromText(name))}`;
  return name.length === 32 ? `record ${toHex(fromText(name))}` : name;
}

/** Narrow decoders for a value whose key tells its kind. */
export function decodeAccount(bytes: Uint8Array): Account {
  const value = decodeEntry(bytes);
  assert(value.TAG === 'account', 'an account key holds an account');
  return value.data;
}

export function decodeRecord(bytes: Uint8Array): LedgerRecord {
  const value = decodeEntry(bytes);
  assert(value.TAG === 'record', 'a record key holds a record');
  return value.data;
}

export function decodeTotals(bytes: Uint8Array): Totals {
  const value = decodeEntry(bytes);
  assert(value.TAG === 'totals', 'the totals key holds the totals');
  return value.data;
}

/** Hash of a value as the state tree's leaf commits to it. */
export function valueHash(bytes: Uint8Array): Uint8Array {
  return hash(DOMAIN.stateValue, bytes);
}

/** The same in shared memory: for hashes that are let go with their block. */
export function passingValueHash(bytes: Uint8Array): Uint8Array {
  return hashIn(hashes, DOMAIN.stateValue, bytes);
}
