/**
 * Owns the addresses of nodes we might dial: those heard of (*new*), those that a handshake succeeded with (*tried*) and
 * those the operator named (*pinned*), and when each may be dialled again.
 *
 * Bounds: buckets × slots (`NEW_BUCKETS`, `TRIED_BUCKETS`, `BUCKET_SLOTS`), and `MANUAL_MAX` pinned. The place of an
 * address follows from a secret of this node, its network group and, while it is only heard of, the group of who told
 * us: what one group tells us reaches `NEW_BUCKETS_PER_SOURCE` buckets, and the addresses of one group one bucket of the
 * tried (Heilman et al. 2015). Places are saved, or each restart would let every group fill its buckets anew. An address
 * that answers is never displaced. Loopback is one machine; there the port tells nodes apart, so that a testnet on one
 * machine finds places.
 */
import { fromText, toText } from '../../chain/format/bytes.ts';
import {
  bool,
  byteString,
  decode,
  encode,
  fixed,
  list,
  struct,
  u8,
  u16,
  u53,
} from '../../chain/format/codec.ts';
import { DOMAIN, hash } from '../../chain/format/hash.ts';
import * as limits from '../limits.ts';
import { type PeerUrl, parsePeerUrl } from './peer-url.ts';

export interface BookEntry {
  readonly address: PeerUrl;
  pinned: boolean;
  tried: boolean;
  /** Wall clock of the last handshake, 0 for never. */
  metAtMs: number;
  /** Dials that failed since the last handshake: the next one waits accordingly. */
  failures: number;
  /** Those of them while another link stood: when all fail, it is our own network. */
  misses: number;
  /** One of the oldest links of our own: dialled first after a restart. */
  anchor: boolean;
  /** Monotonic. */
  nextDialAtMs: number;
  /** Node id met there, hex, '' if none; a hint that saves dials. */
  nodeKey: string;
}

const FILE_VERSION = 2;
const SLOTS = (limits.NEW_BUCKETS + limits.TRIED_BUCKETS) * limits.BUCKET_SLOTS;
/** The first slot of the tried. */
const TRIED_FROM = limits.NEW_BUCKETS * limits.BUCKET_SLOTS;
/** After so many an address gives its place to another. */
const MISSES_TO_YIELD = 3;

const file = struct({
  version: u8,
  secret: fixed(32),
  entries: list(
    SLOTS,
    struct({ url: byteString(limits.ADDRESS_BYTES_MAX), slot: u16, metAtMs: u53, anchor: bool }),
  ),
});

export class AddressBook {
  readonly #entries = new Map<string, BookEntry>();
  /** Slot number → URL; slots of new and tried are numbered apart. */
  readonly #slots = new Map<number, string>();
  readonly #places = new Map<string, number>();
  /** Those of the entries that are pinned, and URLs of those that are anchors. */
  readonly #pinned: BookEntry[] = [];
  readonly #anchors = new Set<string>();
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

  /** Which bucket holds it; -1 for none. */
  bucketOf({ address }: BookEntry): number {
    return Math.floor((this.#places.get(address.url) ?? -1) / limits.BUCKET_SLOTS);
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
    if (this.#pinned.length >= limits.MANUAL_MAX) return null;
    const entry = known ?? makeEntry(address);
    this.#release(address.url);
    entry.pinned = true;
    this.#pinned.push(entry);
    this.#entries.set(address.url, entry);
    return entry;
  }

  /** A handshake succeeded there: it moves to the tried ones, if the place isn't taken by a good one. */
  met(entry: BookEntry, nodeKey: string, wallMs: number): void {
    entry.failures = 0;
    entry.misses = 0;
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
    this.#anchors.delete(url);
    if (this.#entries.delete(url)) this.revision++;
  }

  /** These, and no others, are dialled first after a restart. */
  anchor(urls: ReadonlySet<string>): void {
    for (const url of [...this.#anchors]) if (!urls.has(url)) this.#setAnchor(url, false);
    for (const url of urls) if (!this.#anchors.has(url)) this.#setAnchor(url, true);
  }

  /** URLs of the anchors. */
  get anchors(): Iterable<string> {
    return this.#anchors;
  }

  /** Those that the operator named. */
  get pinned(): readonly BookEntry[] {
    return this.#pinned;
  }

  /** Canonical bytes of all but the pinned. */
  save(): Uint8Array {
    const entries = [...this.#places].map(([url, slot]) => {
      const { metAtMs, anchor } = this.#entries.get(url)!;
      return { url: fromText(url), slot, metAtMs, anchor };
    });
    return encode(file, { version: FILE_VERSION, secret: this.#secret, entries });
  }

  /** Takes the addresses of saved bytes; false, and nothing taken, if they aren't ours. Only on an empty book. */
  load(bytes: Uint8Array): boolean {
    try {
      const saved = decode(file, bytes);
      if (saved.version !== FILE_VERSION) return false;
      this.#secret = saved.secret.slice();
      for (const { url, slot, metAtMs, anchor } of saved.entries) {
        const address = parsePeerUrl(toText(url));
        if (address === null || slot >= SLOTS || this.#slots.has(slot)) continue;
        if (this.#entries.has(address.url)) continue;
        this.#put({ ...makeEntry(address), tried: slot >= TRIED_FROM, metAtMs, anchor }, slot);
        if (anchor) this.#anchors.add(address.url);
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

  #setAnchor(url: string, anchor: boolean): void {
    const entry = this.#entries.get(url);
    if (entry === undefined) return;
    entry.anchor = anchor;
    if (anchor) this.#anchors.add(url);
    else this.#anchors.delete(url);
    this.revision++;
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
    if (this.#entries.get(occupant)!.misses < MISSES_TO_YIELD) return false;
    this.remove(occupant);
    return true;
  }

  #slotOf(address: PeerUrl, tried: boolean, sourceGroup: string): number {
    const group = address.loopback ? `loopback:${address.port}` : address.group;
    const slot = this.#draw(`slot|${address.url}`) % limits.BUCKET_SLOTS;
    if (tried) {
      const bucket = this.#draw(`tried|${group}`) % limits.TRIED_BUCKETS;
      return TRIED_FROM + bucket * limits.BUCKET_SLOTS + slot;
    }
    const reach = this.#draw(`reach|${group}|${sourceGroup}`) % limits.NEW_BUCKETS_PER_SOURCE;
    const bucket = this.#draw(`new|${sourceGroup}|${reach}`) % limits.NEW_BUCKETS;
    return bucket * limits.BUCKET_SLOTS + slot;
  }

  #draw(text: string): number {
    // Half of the secret is enough, and leaves a message that is one block of the hash.
    const digest = hash(DOMAIN.addressBucket, this.#secret.subarray(0, 16), fromText(text));
    return new DataView(digest.buffer, digest.byteOffset).getUint32(0);
  }
}

function makeEntry(address: PeerUrl): BookEntry {
  return {
    address,
    pinned: false,
    tried: false,
    metAtMs: 0,
    failures: 0,
    misses: 0,
    anchor: false,
    nextDialAtMs: 0,
    nodeKey: '',
  };
}
