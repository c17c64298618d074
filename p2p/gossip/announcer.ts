/**
 * Owns what is told to peers of our transactions: ids, at once, to each peer that isn't known to know them, and the
 * transactions themselves to who asks. Never blind flooding.
 *
 * Bounds, for each peer: what it is known to know (`KNOWN_PER_PEER_MAX`), and the ids that wait while its link is
 * congested, or the peer has asked for less than it was told of (`UNANNOUNCED_MAX` references, of which the oldest are
 * forgotten, and it hears of them in their block; what has left the mempool is forgotten too, so that a peer that doesn't
 * read keeps no more alive than the mempool does, and `GONE_MAX` besides).
 */
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Census } from '../census.ts';
import type { PoolView } from '../door.ts';
import * as limits from '../limits.ts';
import { encodeMessage } from '../messages.ts';
import type { Peer } from '../peer.ts';
import { earlier, type Wire } from '../wire.ts';
import { KnownFilter, numberOf } from './known-filter.ts';

interface State {
  readonly peer: Peer;
  readonly known: KnownFilter;
  waiting: Transaction[];
  nextAtMs: number;
  /** Ids told of which the peer may still have to ask; none once it has been quiet for a while. */
  open: number;
  quietAtMs: number;
}

/** Transactions that have left the mempool and still wait to be told of, before they are looked for. */
const GONE_MAX = 1_024;
/** Bytes of transactions in one answer. */
const ANSWER_BYTES_MAX = 1024 * 1024;

export class Announcer {
  readonly #wire: Wire;
  readonly #pool: PoolView;
  readonly #states = new Map<number, State>();
  /** Something may wait to be told to somebody. */
  #hasNews = false;
  /** The announcement made last, of at most `ANNOUNCE_IDS_MAX` ids: most peers are told the same, and it is encoded once. */
  #told: { readonly ids: Uint8Array[]; readonly frame: Uint8Array } | null = null;

  constructor(wire: Wire, pool: PoolView) {
    this.#wire = wire;
    this.#pool = pool;
  }

  /** A new peer hears of the whole mempool, in steps. */
  ready(peer: Peer): void {
    const state: State = {
      peer,
      known: new KnownFilter(limits.KNOWN_PER_PEER_MAX),
      waiting: [],
      nextAtMs: 0,
      open: 0,
      quietAtMs: 0,
    };
    this.#states.set(peer.link, state);
    this.#hasNews = true;
    for (const tx of this.#pool.values()) {
      if (state.waiting.length === limits.UNANNOUNCED_MAX) break;
      state.waiting.push(tx);
    }
  }

  /** The peer has these, since it announced them. */
  peerKnows(peer: Peer, ids: readonly Uint8Array[]): void {
    const state = this.#states.get(peer.link);
    if (state !== undefined) for (const id of ids) state.known.add(id);
  }

  /** The peer has these, since it sent them. */
  peerSent(peer: Peer, transactions: readonly Transaction[]): void {
    const state = this.#states.get(peer.link);
    if (state !== undefined) for (const { id } of transactions) state.known.add(id);
  }

  /** Has the next `tick` tell all who don't know them. */
  added(transactions: readonly Transaction[]): void {
    this.#hasNews = true;
    for (const tx of transactions) {
      const number = numberOf(tx.id);
      for (const { known, waiting } of this.#states.values()) if (!known.hasNumber(number)) waiting.push(tx);
    }
    for (const state of this.#states.values()) {
      if (state.waiting.length > this.#pool.size + GONE_MAX) state.waiting = this.#pooled(state.waiting);
      const over = state.waiting.length - limits.UNANNOUNCED_MAX;
      if (over > 0) state.waiting.splice(0, over);
    }
  }

  requestReceived(peer: Peer, request: number, ids: readonly Uint8Array[], keys: readonly string[]): void {
    const transactions: Uint8Array[] = [];
    const state = this.#states.get(peer.link);
    if (state !== undefined) {
      state.open = Math.max(0, state.open - ids.length);
      state.quietAtMs = this.#wire.nowMs + limits.ANNOUNCE_QUIET_MS;
    }
    let bytes = 0;
    for (const [i, key] of keys.entries()) {
      const tx = this.#pool.get(key);
      if (tx === undefined || bytes + tx.bytes.length > ANSWER_BYTES_MAX) continue;
      bytes += tx.bytes.length;
      transactions.push(tx.bytes);
      state?.known.add(ids[i]!);
    }
    this.#wire.send(peer, 'transactions', { request, transactions });
  }

  /** Tells what it holds and waits for. */
  census(census: Census): void {
    census.holds('announcer.peers', this.#states.size);
    for (const { known, waiting } of this.#states.values()) {
      census.holds('announcer.known', known.count);
      census.holds('announcer.waiting', waiting.length);
    }
  }

  drop(peer: Peer): void {
    this.#states.delete(peer.link);
  }

  /** Sends what waits, a bounded step for each link. */
  tick(): void {
    if (!this.#hasNews) return;
    this.#hasNews = false;
    for (const state of this.#states.values()) {
      if (state.waiting.length === 0) continue;
      this.#hasNews = true;
      const { nowMs } = this.#wire;
      if (nowMs >= state.quietAtMs) state.open = 0;
      const room = limits.ANNOUNCE_WINDOW_IDS - state.open;
      if (state.peer.congested || room <= 0 || nowMs < state.nextAtMs) continue;
      const step = state.waiting;
      state.waiting = step.length > room ? step.splice(room) : [];
      const ids: Uint8Array[] = [];
      for (const { id, key } of step) {
        // What waited may have been mined meanwhile, or heard from the peer itself.
        if (this.#pool.has(key) && state.known.add(id)) ids.push(id);
      }
      for (let at = 0; at < ids.length; at += limits.ANNOUNCE_IDS_MAX) {
        this.#wire.sendFrame(state.peer, this.#frameOf(ids.slice(at, at + limits.ANNOUNCE_IDS_MAX)));
      }
      state.open += ids.length;
      if (ids.length > 0) state.quietAtMs = nowMs + limits.ANNOUNCE_QUIET_MS;
      if (state.waiting.length > 0) state.nextAtMs = nowMs + limits.ANNOUNCE_PAUSE_MS;
    }
  }

  deadline(): number | null {
    let at: number | null = null;
    if (!this.#hasNews) return at;
    for (const { waiting, peer, nextAtMs, open, quietAtMs } of this.#states.values()) {
      if (waiting.length === 0 || peer.congested) continue;
      at = earlier(at, open < limits.ANNOUNCE_WINDOW_IDS ? nextAtMs : Math.max(nextAtMs, quietAtMs));
    }
    return at;
  }

  /** Those in the mempool, each once: one that a reorganisation gave back may wait twice. */
  #pooled(waiting: readonly Transaction[]): Transaction[] {
    const byKey = new Map(waiting.map((tx) => [tx.key, tx]));
    return [...byKey.values()].filter(({ key }) => this.#pool.has(key));
  }

  #frameOf(ids: Uint8Array[]): Uint8Array {
    const told = this.#told;
    if (told?.ids.length === ids.length && ids.every((id, i) => id === told.ids[i])) return told.frame;
    const frame = encodeMessage('announce', { ids });
    this.#told = { ids, frame };
    return frame;
  }
}
