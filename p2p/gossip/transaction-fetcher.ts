/**
 * Owns which announced transactions are asked for, of whom, and until when. Each is asked of one announcer at a time;
 * when its deadline passes or the answer lacks it, another who announced it is asked.
 *
 * Bounds: `ANNOUNCED_PER_PEER_MAX` wanted ids a peer (twice as many in its queue), each with at most `ANNOUNCERS_MAX` announcers;
 * `TRANSACTION_REQUESTS_MAX` requests a peer, and `VAIN_MAX` transactions that may be refused; `CHECKING_BYTES_MAX` bytes of a peer's transactions at the reactor;
 * refused ids in a `KnownFilter` that every new tip clears, late ones in another. All but those filters is counted to
 * the peer that caused it.
 */

import { RuleError } from '../../chain/errors.ts';
import { keyOfId } from '../../chain/format/id-key.ts';
import { decodeTransaction, type Transaction } from '../../chain/format/transaction.ts';
import { Turnover } from '../../chain/turnover.ts';
import type { Census } from '../census.ts';
import type { PoolView } from '../door.ts';
import * as limits from '../limits.ts';
import type { Peer } from '../peer.ts';
import { earlier, type Wire } from '../wire.ts';
import { Checking } from './checking.ts';
import { newFetchState, type FetchState as State } from './fetch-state.ts';
import { KnownFilter } from './known-filter.ts';
import { ID_UNITS, REFUSED_UNITS } from './vain-credit.ts';

interface Wanted {
  /** Of its own bytes. */
  readonly id: Uint8Array;
  /** Links that announced it and haven't been asked, in order. */
  readonly announcers: number[];
  /** Link that was asked last, while its request is open. */
  asked: number | null;
}

/** Bytes counted to a peer for an id it announced: the id, its key and the entries that point to it. */
const WANTED_BYTES = 256;
/** Work units of decoding a transaction nobody asked for. */
const UNASKED_UNITS = 100;

export class TransactionFetcher {
  readonly #wire: Wire;
  readonly #pool: PoolView;
  readonly #charge: (peer: Peer, units: number) => void;
  readonly #states = new Map<number, State>();
  readonly #wanted = new Turnover<string, Wanted>();
  /** At the reactor. */
  readonly #checking = new Checking(this.#states);
  readonly #refused = new KnownFilter(limits.REFUSED_MAX);
  /** Forgotten because nobody brought them in time. They aren't announced again, so what is only late must be taken. */
  readonly #late = new KnownFilter(limits.LATE_MAX);
  /** Requests open to all peers. */
  #open = 0;

  constructor(wire: Wire, pool: PoolView, charge: (peer: Peer, units: number) => void) {
    this.#wire = wire;
    this.#pool = pool;
    this.#charge = charge;
  }

  ready(peer: Peer): void {
    this.#states.set(peer.link, newFetchState(peer, this.#wire.nowMs));
  }

  announced(peer: Peer, ids: readonly Uint8Array[]): void {
    this.#charge(peer, ids.length * ID_UNITS);
    const state = this.#states.get(peer.link);
    if (state === undefined) return;
    for (const id of ids) {
      const key = keyOfId(id);
      if (this.#pool.has(key) || this.#checking.isHadBy(key, peer.link) || this.#refused.has(id)) continue;
      const wanted = this.#wanted.get(key);
      if (wanted?.asked === peer.link || wanted?.announcers.includes(peer.link)) continue;
      if (state.announced >= limits.ANNOUNCED_PER_PEER_MAX || !peer.canHold(WANTED_BYTES)) return;
      if (wanted === undefined) {
        // A copy: the id is a view of a whole announcement, of which all the others may be known.
        this.#wanted.set(key, { id: id.slice(), announcers: [], asked: peer.link });
        this.#enqueue(state, key);
      } else if (wanted.announcers.length < limits.ANNOUNCERS_MAX) {
        wanted.announcers.push(peer.link);
      } else {
        continue;
      }
      this.#count(state, 1);
    }
  }

  /** Takes what is wanted of an answer, late or not, and gives the rest of its request to others. */
  answerReceived(peer: Peer, request: number, encoded: readonly Uint8Array[]): void {
    const state = this.#states.get(peer.link)!;
    const open = state.requests.get(request);
    if (state.requests.delete(request)) this.#open--;
    if (open === undefined) this.#charge(peer, encoded.length * UNASKED_UNITS);
    if (!peer.ready) return;
    const batch: Transaction[] = [];
    try {
      for (const bytes of encoded) {
        const tx = decodeTransaction(bytes);
        const { length } = bytes;
        if (!this.#isWanted(tx) || state.checkingBytes + length > limits.CHECKING_BYTES_MAX) continue;
        if (!peer.canHold(length)) continue;
        this.#checking.add(tx, state, this.#forget(tx.key));
        batch.push(tx);
      }
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      this.#wire.close(peer, 'BAD_TRANSACTION', error.message);
    }
    if (open !== undefined) state.credit.giveBack(Math.max(0, open.keys.length - batch.length));
    if (batch.length > 0)
      this.#wire.effect({ type: 'checkTransactions', link: peer.link, transactions: batch });
    for (const key of open?.keys ?? []) this.#next(key, peer.link);
  }

  /** Verdicts of the reactor on what this link sent. */
  checked(results: readonly { readonly key: string; readonly error: RuleError | null }[]): void {
    for (const { key, error } of results) {
      const entry = this.#checking.take(key);
      if (entry === undefined) continue;
      const state = this.#states.get(entry.link);
      if (error === null) {
        if (state === undefined) continue;
        state.peer.lastTransactionAtMs = this.#wire.nowMs;
        state.credit.giveBack(1);
      } else {
        this.#refused.add(entry.id);
        // A good signature costs its maker nothing where the account isn't there to pay: the link pays.
        if (state !== undefined) this.#charge(state.peer, REFUSED_UNITS);
        if (error.kind === 'malformed' && state !== undefined) {
          this.#wire.close(state.peer, 'BAD_TRANSACTION', error.message);
        }
      }
    }
  }

  /** The reactor had no room to check these: as if who brought them hadn't, others who have them are asked. */
  unchecked(keys: readonly string[]): void {
    for (const key of keys) {
      const entry = this.#checking.take(key);
      if (entry === undefined) continue;
      for (const link of entry.others) {
        const state = this.#states.get(link);
        if (state !== undefined) this.announced(state.peer, [entry.id]);
      }
    }
  }

  /** They are in the mempool, however they came. */
  added(transactions: readonly Transaction[]): void {
    for (const { key } of transactions) this.#forget(key);
  }

  /** With another state, what was refused may be good. */
  tipChanged(): void {
    this.#refused.clear();
  }

  /** Tells what it holds and waits for. */
  census(census: Census): void {
    census.holds('fetcher.peers', this.#states.size);
    census.holds('fetcher.wanted', this.#wanted.size);
    census.holds('fetcher.checking', this.#checking.size);
    census.holds('fetcher.refused', this.#refused.count);
    census.holds('fetcher.late', this.#late.count);
    for (const { announced, queue, requests, checkingBytes } of this.#states.values()) {
      census.holds('fetcher.announced', announced);
      census.holds('fetcher.queue', queue.length);
      census.holds('fetcher.requests', requests.size);
      census.holds('fetcher.checkingBytes', checkingBytes);
      for (const { deadlineMs } of requests.values()) census.awaits('transactions', deadlineMs);
    }
  }

  drop(peer: Peer): void {
    const state = this.#states.get(peer.link);
    if (state === undefined) return;
    this.#states.delete(peer.link);
    this.#open -= state.requests.size;
    for (const [key, wanted] of [...this.#wanted]) {
      const at = wanted.announcers.indexOf(peer.link);
      if (at !== -1) wanted.announcers.splice(at, 1);
      if (wanted.asked === peer.link) this.#next(key, peer.link);
    }
    peer.release(state.announced * WANTED_BYTES + state.checkingBytes);
  }

  /** Ends overdue requests and sends new ones. */
  tick(): void {
    if (this.#open > 0) this.#endLate();
    if (this.#wanted.size === 0) return;
    for (const state of this.#states.values()) if (state.queue.length > 0) this.#ask(state);
  }

  deadline(): number | null {
    let at: number | null = null;
    if (this.#wanted.size === 0 && this.#open === 0) return at;
    for (const state of this.#states.values()) {
      for (const { deadlineMs } of state.requests.values()) {
        at = earlier(at, deadlineMs);
        break;
      }
      if (this.#mayAsk(state)) at = earlier(at, state.credit.readyAtMs(state.queue.length));
    }
    return at;
  }

  /** What a peer didn't answer in time is asked of others. */
  #endLate(): void {
    for (const state of this.#states.values()) {
      if (state.requests.size === 0) continue;
      const { link } = state.peer;
      const late: string[] = [];
      for (const [request, { keys, deadlineMs }] of state.requests) {
        // In the order they were sent, all with the same time-out.
        if (this.#wire.nowMs < deadlineMs) break;
        state.requests.delete(request);
        this.#open--;
        this.#wire.event('transactionsLate', { link, count: keys.length });
        late.push(...keys);
      }
      if (late.length === 0) continue;
      state.credit.giveBack(late.length);
      for (const key of late) {
        const id = this.#wanted.get(key)?.id;
        this.#next(key, link);
        if (id !== undefined && !this.#wanted.has(key)) this.#late.add(id);
      }
      // What hasn't been sent yet needn't wait for one that is late.
      for (const key of state.queue) if (this.#wanted.get(key)?.announcers.length) this.#next(key, link);
    }
  }

  #ask(state: State): void {
    while (this.#mayAsk(state)) {
      const count = state.credit.allows(state.queue.length, this.#wire.nowMs);
      if (count === 0) return;
      const isDue = (key: string): boolean => this.#wanted.get(key)?.asked === state.peer.link;
      const keys = state.queue.splice(0, count).filter(isDue);
      if (keys.length === 0) continue;
      const request = state.peer.nextRequest();
      this.#open++;
      state.credit.take(keys.length);
      state.requests.set(request, { keys, deadlineMs: this.#wire.nowMs + limits.TRANSACTION_TIMEOUT_MS });
      this.#wire.send(state.peer, 'getTransactions', {
        request,
        ids: keys.map((key) => this.#wanted.get(key)!.id),
      });
    }
  }

  /** True if there is something to ask for, and room for the answer: what came without would be thrown away. */
  #mayAsk({ queue, requests, checkingBytes }: State): boolean {
    if (queue.length === 0 || requests.size >= limits.TRANSACTION_REQUESTS_MAX) return false;
    return checkingBytes < limits.CHECKING_BYTES_MAX / 2;
  }

  #isWanted({ id, key }: Transaction): boolean {
    if (this.#wanted.has(key)) return true;
    if (!this.#late.has(id)) return false;
    return !this.#pool.has(key) && !this.#checking.has(key) && !this.#refused.has(id);
  }

  /** Has the next announcer asked for what `link` didn't deliver. */
  #next(key: string, link: number): void {
    const wanted = this.#wanted.get(key);
    if (wanted === undefined || wanted.asked !== link) return;
    const state = this.#states.get(link);
    if (state !== undefined) this.#count(state, -1);
    const next = wanted.announcers.shift();
    wanted.asked = next ?? null;
    if (next === undefined) this.#wanted.delete(key);
    else this.#enqueue(this.#states.get(next)!, key);
  }

  /** To be asked for in its turn. What others brought meanwhile is swept out before it is as much as what is wanted. */
  #enqueue({ queue, peer }: State, key: string): void {
    if (queue.length >= 2 * limits.ANNOUNCED_PER_PEER_MAX) {
      const isDue = (other: string): boolean => this.#wanted.get(other)?.asked === peer.link;
      queue.splice(0, queue.length, ...queue.filter(isDue));
    }
    queue.push(key);
  }

  /** Returns the links that announced it. */
  #forget(key: string): readonly number[] {
    const wanted = this.#wanted.get(key);
    if (wanted === undefined) return [];
    this.#wanted.delete(key);
    if (wanted.asked !== null) wanted.announcers.push(wanted.asked);
    for (const link of wanted.announcers) {
      const state = this.#states.get(link);
      if (state !== undefined) this.#count(state, -1);
    }
    return wanted.announcers;
  }

  #count(state: State, change: 1 | -1): void {
    state.announced += change;
    if (change === 1) state.peer.hold(WANTED_BYTES);
    else state.peer.release(WANTED_BYTES);
  }
}
