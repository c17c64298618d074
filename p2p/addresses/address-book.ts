/**
 * Owns the addresses of nodes we might dial: those heard of (*new*), those that a handshake succeeded with (*tried*) and
 * those the operator named (*pinned*), and when each may be dialled again.
 *
 * Bounds: buckets × slots (`NEW_BUCKETS`, `TRIED_BUCKETS`, `BUCKET_SLOTS`), and `MANUAL_MAX` pinned. The place of an
 * address follows from a secret of this node, its network group and, while it is only heard of, the group of who told
 * us: whoever controls few groups reaches few buckets (Heilman et al. 2015). Loopback is one machine; there the port
 * tells nodes apart, so that a testnet on one machine finds places.
 */
import { concat } from '../../chain/format/bytes.ts';
import { bool, byteString, decode, encode, fixed, list, struct, u8, u53 } from '../../chain/format/codec.ts';
import { DOMAIN, hash } from '../../chain/format/hash.ts';
import * as limits from '../limits.ts';
import { type PeerUrl, parsePeerUrl } from './peer-url.ts';

export interface BookEntry {
  readonly address: PeerUrl;
  pinned: boolean;
  tried: boolean;
  /** Wall clock of the last handshake, 0 for never. */
  metAtMs: number;
  /** Dials that failed since the last handshake. */
  failures: number;
  /** Monotonic. */
  nextDialAtMs: number;
  /** Node id met there, hex, '' if none; a hint that saves dials. */
  nodeKey: string;
}

const FILE_VERSION = 1;
const ENTRIES_MAX = (limits.NEW_BUCKETS + limits.TRIED_BUCKETS) * limits.BUCKET_SLOTS;
/** After so many failed dials an address gives its place to another. */
const FAILURES_TO_YIELD = 3;

const file = struct({
  version: u8,
  secret: fixed(32),
  entries: list(
    ENTRIES_MAX,
    struct({ url: byteString(limits.ADDRESS_BYTES_MAX), tried: bool, metAtMs: u53 }),
  ),
});

export class AddressBook {
  readonly #entries = new Map<string, BookEntry>();
  /** Slot number → URL; slots of new and tried are numbered apart. */
  readonly #slots = new Map<number, string>();
  readonly #places = new Map<string, number>();
  #secret: Uint8Array;
  /** Counts changes worth keeping. */
  revision = 0;

  /** `secret` is 32 random bytes; a saved book brings its own. */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  get(url: string): BookEntry | undefined {
    return this.#entries.get(url);
  }

  values(): Iterable<BookEntry> {
    return this.#entries.values();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Adds an address somebody of `sourceGroup` told us; false if it is known or finds no place. */
  add(address: PeerUrl, sourceGroup: string): boolean {
    if (this.#entries.has(address.url)) return false;
    const slot = this.#slotOf(address, false, sourceGroup);
    if (!this.#yields(slot)) return false;
    this.#put(makeEntry(address), slot);
    this.revision++;
    return true;
  }

  /** Keeps an address whatever happens; null if there are too many. */
  pin(address: PeerUrl): BookEntry | null {
    const known = this.#entries.get(address.url);
    if (known?.pinned) return known;
    let pinned = 0;
    for (const entry of this.#entries.values()) if (entry.pinned) pinned++;
    if (pinned >= limits.MANUAL_MAX) return null;
    const entry = known ?? makeEntry(address);
    this.#release(address.url);
    entry.pinned = true;
    this.#entries.set(address.url, entry);
    return entry;
  }

  /** A handshake succeeded there: it moves to the tried ones, if the place isn't taken by a good one. */
  met(entry: BookEntry, nodeKey: string, wallMs: number): void {
    entry.failures = 0;
    entry.nodeKey = nodeKey;
    entry.metAtMs = Math.max(0, Math.floor(wallMs));
    this.revision++;
    if (entry.tried || entry.pinned) {
      entry.tried = true;
      return;
    }
    const slot = this.#slotOf(entry.address, true, '');
    if (!this.#yields(slot)) return;
    this.#release(entry.address.url);
    entry.tried = true;
    this.#put(entry, slot);
  }

  remove(url: string): void {
    this.#release(url);
    if (this.#entries.delete(url)) this.revision++;
  }

  /** Canonical bytes of all but the pinned. */
  save(): Uint8Array {
    const entries = [...this.#entries.values()]
      .filter(({ pinned }) => !pinned)
      .map(({ address, tried, metAtMs }) => ({ url: ascii(address.url), tried, metAtMs }));
    return encode(file, { version: FILE_VERSION, secret: this.#secret, entries });
  }

  /** Takes the addresses of saved bytes; false, and nothing taken, if they aren't ours. Only on an empty book. */
  load(bytes: Uint8Array): boolean {
    try {
      const saved = decode(file, bytes);
      if (saved.version !== FILE_VERSION) return false;
      this.#secret = saved.secret.slice();
      for (const { url, tried, metAtMs } of saved.entries) {
        const address = parsePeerUrl(String.fromCharCode(...url));
        if (address === null || !this.add(address, address.group)) continue;
        const entry = this.#entries.get(address.url)!;
        if (tried) this.met(entry, '', metAtMs);
      }
      return true;
    } catch {
      return false;
    }
  }

  #put(entry: BookEntry, slot: number): void {
    const { url } = entry.address;
    this.#entries.set(url, entry);
    this.#slots.set(slot, url);
    this.#places.set(url, slot);
  }

  #release(url: string): void {
    const slot = this.#places.get(url);
    if (slot === undefined) return;
    this.#slots.delete(slot);
    this.#places.delete(url);
  }

  /** True if the slot is free, or freed by removing an occupant that doesn't answer. */
  #yields(slot: number): boolean {
    const occupant = this.#slots.get(slot);
    if (occupant === undefined) return true;
    if (this.#entries.get(occupant)!.failures < FAILURES_TO_YIELD) return false;
    this.remove(occupant);
    return true;
  }

  #slotOf(address: PeerUrl, tried: boolean, sourceGroup: string): number {
    const group = address.loopback ? `loopback:${address.port}` : address.group;
    const bucket = this.#draw(`${tried ? 'tried' : 'new'}|${group}|${sourceGroup}`);
    const slot = this.#draw(`slot|${address.url}`) % limits.BUCKET_SLOTS;
    const buckets = tried ? limits.TRIED_BUCKETS : limits.NEW_BUCKETS;
    const first = tried ? limits.NEW_BUCKETS : 0;
    return (first + (bucket % buckets)) * limits.BUCKET_SLOTS + slot;
  }

  #draw(text: string): number {
    const digest = hash(DOMAIN.addressBucket, concat(this.#secret, ascii(text)));
    return new DataView(digest.buffer, digest.byteOffset).getUint32(0);
  }
}

function makeEntry(address: PeerUrl): BookEntry {
  return { address, pinned: false, tried: false, metAtMs: 0, failures: 0, nextDialAtMs: 0, nodeKey: '' };
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
