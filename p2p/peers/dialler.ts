/**
 * Owns the links we dial: how many, to whom, and when again after a failure. Pinned addresses come first, then the oldest
 * links of the last run (anchors: whoever has us restart doesn't choose our links anew), then the book's, met ones and
 * heard ones with equal chance.
 *
 * Bounds: `DIALS_MAX` dials at once, the outbound target in all and one feeler, `OUTBOUND_PER_GROUP` a network group.
 * The book bounds what it chooses from; the own addresses remembered are at most `OWN_MAX`.
 */
import type { AddressBook, BookEntry } from '../addresses/address-book.ts';
import { hostOf, parsePeerUrl } from '../addresses/peer-url.ts';
import type { Census } from '../census.ts';
import * as limits from '../limits.ts';
import type { Peer } from '../peer.ts';
import { earlier, type Wire } from '../wire.ts';

/** Addresses that turned out to be our own. */
const OWN_MAX = 16;
/** A link the operator closed isn't dialled again by itself for so long. */
const DISCONNECT_PAUSE_MS = 600_000;

export interface DialRules {
  /** False for hosts that were false to us. */
  mayDial(host: string): boolean;
  /** False for nodes the lab switch forbids. */
  allows(nodeKey: string): boolean;
}

export class Dialler {
  readonly #wire: Wire;
  readonly #book: AddressBook;
  readonly #rules: DialRules;
  readonly #random: () => number;
  readonly #target: number;
  /** Addresses dialled of which neither 'opened' nor 'dialFailed' has come. */
  readonly #dialling = new Set<string>();
  readonly #own = new Set<string>();
  /** Address that is dialled, or linked, only to see whether it answers. */
  #feeler: string | null = null;
  #stale = true;
  #nextMs: number | null = null;

  constructor(
    wire: Wire,
    book: AddressBook,
    rules: DialRules,
    random: () => number,
    target: number,
    own: string,
  ) {
    this.#wire = wire;
    this.#book = book;
    this.#rules = rules;
    this.#random = random;
    this.#target = target;
    if (own !== '') this.#own.add(own);
  }

  /** Something it chooses by has changed: look again at the end of this step. */
  refresh(): void {
    this.#stale = true;
  }

  /** Keeps a link to this address, and dials it at once if there is none. */
  connect(url: string): void {
    const address = parsePeerUrl(url);
    if (address === null) return;
    const entry = this.#book.pin(address);
    if (entry === null) return;
    entry.failures = 0;
    entry.nextDialAtMs = this.#wire.nowMs;
    if (address.url === this.#feeler) this.keepFeeler();
    this.refresh();
  }

  /** Forgets all waiting: after the lab switch, what failed before may work. */
  retryAll(): void {
    for (const entry of this.#book.values()) {
      entry.failures = 0;
      entry.nextDialAtMs = this.#wire.nowMs;
    }
    this.refresh();
  }

  dialFailed(url: string): void {
    this.#dialling.delete(url);
    if (url === this.#feeler) this.#feeler = null;
    this.#failed(url);
  }

  opened(peer: Peer): void {
    if (!peer.inbound) this.#dialling.delete(peer.address);
    this.refresh();
  }

  ready(peer: Peer): void {
    const entry = this.#book.get(peer.inbound ? peer.listen : peer.address);
    if (entry !== undefined && (!peer.inbound || mayListenThere(peer))) {
      // What an inbound peer says of its address isn't shown yet: a hint only.
      if (peer.inbound) entry.nodeKey = peer.nodeKey;
      else this.#book.met(entry, peer.nodeKey, this.#wire.now.wallMs);
    }
    this.refresh();
  }

  /** A link is gone, for a reason of ours or not. */
  closed(peer: Peer, code: string | null): void {
    this.refresh();
    if (peer.inbound) return;
    if (peer.address === this.#feeler) this.#feeler = null;
    const entry = this.#book.get(peer.address);
    if (entry !== undefined && peer.nodeKey !== '') entry.nodeKey = peer.nodeKey;
    if (code === 'SELF') {
      if (this.#own.size < OWN_MAX) this.#own.add(peer.address);
      if (entry !== undefined && !entry.pinned) this.#book.remove(peer.address);
    } else if (code === 'REQUESTED' && entry !== undefined) {
      entry.nextDialAtMs = this.#wire.nowMs + DISCONNECT_PAUSE_MS;
    } else if (code === 'FEELER' && entry !== undefined) {
      entry.nextDialAtMs = this.#wire.nowMs + (entry.pinned ? 0 : limits.FEELER_INTERVAL_MS);
    } else {
      this.#failed(peer.address);
    }
  }

  /** Dials one address of the book beyond the target; nothing while another such dial is under way. */
  feel(): void {
    if (this.#feeler !== null) return;
    const { nowMs } = this.#wire;
    // What the operator named is dialled to be kept; and anchors that aren't needed have no turn before others.
    const due = this.#unlinked(this.#book.values()).filter(
      ({ nextDialAtMs, pinned }) => nextDialAtMs <= nowMs && !pinned,
    );
    const entry = this.#draw(due);
    if (entry === null) return;
    this.#feeler = entry.address.url;
    this.#dial(entry);
  }

  /** True of the link that `feel` has led to. */
  isFeeler(peer: Peer): boolean {
    return !peer.inbound && peer.address === this.#feeler;
  }

  /** It stays, as any other. */
  keepFeeler(): void {
    this.#feeler = null;
  }

  /** Tells what it holds and waits for. */
  census(census: Census): void {
    census.holds('dialler.dialling', this.#dialling.size);
    census.holds('dialler.own', this.#own.size);
  }

  tick(): void {
    const { nowMs } = this.#wire;
    if (!this.#stale && (this.#nextMs === null || nowMs < this.#nextMs)) return;
    this.#stale = false;
    this.#nextMs = null;
    this.#noteAnchors();
    const groups = new Map<string, number>();
    const dialled = [...this.#dialling, ...this.#outbound().map(({ address }) => address)];
    let outbound = dialled.length;
    const count = (group: string): void => {
      groups.set(group, (groups.get(group) ?? 0) + 1);
    };
    for (const url of dialled) count(parsePeerUrl(url)?.group ?? url);
    // With all links in place only what the operator named can be missing.
    const known = outbound < this.#target ? [...this.#book.values()] : this.#book.pinned;
    const wanted = this.#unlinked(known);
    while (this.#dialling.size < limits.DIALS_MAX) {
      const due = wanted.filter(
        ({ address, nextDialAtMs, pinned }) =>
          nextDialAtMs <= nowMs &&
          (pinned ||
            (outbound < this.#target &&
              (address.loopback || (groups.get(address.group) ?? 0) < limits.OUTBOUND_PER_GROUP))),
      );
      const entry = this.#choose(due);
      if (entry === null) break;
      wanted.splice(wanted.indexOf(entry), 1);
      outbound++;
      count(entry.address.group);
      this.#dial(entry);
    }
    // Those that are due but had no room are looked at when a link or a dial ends, which refreshes.
    for (const { nextDialAtMs } of wanted) {
      if (nextDialAtMs > nowMs) this.#nextMs = earlier(this.#nextMs, nextDialAtMs);
    }
    // When a host that was false to us may be dialled again, nobody tells.
    if (known.some(({ address: { host, loopback } }) => !loopback && !this.#rules.mayDial(host)))
      this.#nextMs = earlier(this.#nextMs, nowMs + limits.DIAL_BACKOFF_MAX_MS);
  }

  deadline(): number | null {
    return this.#stale ? this.#wire.nowMs : this.#nextMs;
  }

  #outbound(): Peer[] {
    return [...this.#wire.peers.values()].filter(({ phase, inbound }) => phase !== 'closing' && !inbound);
  }

  /** What could be dialled: all of the book that isn't linked, not by another address either, and not forbidden. */
  #unlinked(entries: Iterable<BookEntry>): BookEntry[] {
    const links = [...this.#wire.peers.values()].filter(({ phase }) => phase !== 'closing');
    const urls = new Set(links.map(({ address }) => address));
    // Ids that were proved, and addresses that may be true: else a claim would keep us from dialling who it names.
    const nodes = new Set(links.filter(({ ready }) => ready).map(({ nodeKey }) => nodeKey));
    const listens = new Set(links.filter(mayListenThere).map(({ listen }) => listen));
    return [...entries].filter(({ address: { url, host, loopback }, nodeKey }) => {
      if (this.#dialling.has(url) || urls.has(url) || listens.has(url) || this.#own.has(url)) return false;
      if (nodes.has(nodeKey) || (nodeKey !== '' && !this.#rules.allows(nodeKey))) return false;
      return loopback || this.#rules.mayDial(host);
    });
  }

  #dial({ address: { url } }: BookEntry): void {
    this.#dialling.add(url);
    this.#wire.effect({ type: 'dial', address: url });
  }

  /** The oldest links of our own; while there are fewer, those from before stay what they were. */
  #noteAnchors(): void {
    const oldest = this.#outbound()
      .filter(({ ready, address }) => ready && this.#book.get(address)?.pinned === false)
      .sort((a, b) => a.readyAtMs - b.readyAtMs || a.link - b.link)
      .map(({ address }) => address);
    const all = new Set([...oldest, ...this.#book.anchors]);
    this.#book.anchor(new Set([...all].slice(0, limits.ANCHORS_MAX)));
  }

  #choose(due: readonly BookEntry[]): BookEntry | null {
    const first = due.find((entry) => entry.pinned) ?? due.find((entry) => entry.anchor);
    return first ?? this.#draw(due);
  }

  #draw(due: readonly BookEntry[]): BookEntry | null {
    const tried = due.filter((entry) => entry.tried);
    const fresh = due.filter((entry) => !entry.tried);
    const preferred = this.#random() % 2 === 0 ? tried : fresh;
    const from = preferred.length > 0 ? preferred : tried.length > 0 ? tried : fresh;
    // A bucket first: the many addresses of one group have no more chance than the few of another.
    const buckets = new Map<number, BookEntry[]>();
    for (const entry of from) {
      const bucket = this.#book.bucketOf(entry);
      const others = buckets.get(bucket);
      if (others === undefined) buckets.set(bucket, [entry]);
      else others.push(entry);
    }
    const bucket = [...buckets.values()][this.#random() % Math.max(1, buckets.size)];
    return bucket === undefined ? null : bucket[this.#random() % bucket.length]!;
  }

  /** Doubles the wait up to its end, with a quarter of chance added so that nodes don't dial in step. */
  #failed(url: string): void {
    this.refresh();
    const entry = this.#book.get(url);
    if (entry === undefined) return;
    const most = entry.pinned ? limits.DIAL_BACKOFF_PINNED_MAX_MS : limits.DIAL_BACKOFF_MAX_MS;
    const wait = Math.min(most, limits.DIAL_BACKOFF_MS * 2 ** Math.min(entry.failures, 20));
    entry.failures++;
    if (this.#wire.ready.length > 0) entry.misses++;
    entry.nextDialAtMs = this.#wire.nowMs + wait + (this.#random() % (wait / 4 + 1));
  }
}

/** False where a peer says that it listens on another machine than the one it is linked from: nobody has checked that. */
function mayListenThere({ listen, address, loopback }: Peer): boolean {
  if (loopback) return parsePeerUrl(listen)?.loopback === true;
  return listen !== '' && hostOf(listen) === hostOf(address);
}
