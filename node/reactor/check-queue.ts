/**
 * Owns the transactions that wait to be checked, in order of arrival, and who takes room there.
 * Bound: `QUEUED_MAX` places in all, of `PLACE_BYTES` of memory each. When that is too little, each sender keeps its fair
 * share of `KEPT_MAX`: whoever has no more than `KEPT_MAX` by the number of senders loses nothing, whatever the others
 * send.
 */
import type { Transaction } from '../../chain/format/transaction.ts';
import { memoryOf } from '../../chain/format/transaction-memory.ts';

/** A transfer to one or two takes one place. */
const PLACE_BYTES = 2_560;
/** A block's worth: about 50 MB. */
const QUEUED_MAX = 20_000;
/** Left when it was over: shedding passes all that waits, and must not be needed again for the next that comes. */
const KEPT_MAX = 18_750;

/** What came at once, at least one. `link` is who sent it; `null` for what has waited here. */
export interface Arrival {
  readonly transactions: readonly Transaction[];
  readonly link: number | null;
}

export class CheckQueue {
  #arrivals: Arrival[] = [];
  #size = 0;
  #places = 0;

  /** Transactions. */
  get size(): number {
    return this.#size;
  }

  get isOver(): boolean {
    return this.#places > QUEUED_MAX;
  }

  add(arrival: Arrival): void {
    if (arrival.transactions.length === 0) return;
    this.#arrivals.push(arrival);
    this.#size += arrival.transactions.length;
    this.#places += placesOf(arrival.transactions);
  }

  /** The first `most` transactions; what came at once may be parted. */
  take(most: number): Arrival[] {
    let [count, room] = [0, most];
    for (const { transactions } of this.#arrivals) {
      if (transactions.length > room) break;
      room -= transactions.length;
      count++;
    }
    const taken = this.#arrivals.splice(0, count);
    const next = this.#arrivals[0];
    if (next !== undefined && room > 0) {
      taken.push({ ...next, transactions: next.transactions.slice(0, room) });
      this.#arrivals[0] = { ...next, transactions: next.transactions.slice(room) };
      room = 0;
    }
    this.#size -= most - room;
    for (const { transactions } of taken) this.#places -= placesOf(transactions);
    return taken;
  }

  /** Takes out the latest of what each sender has over its share. To be called whenever it is over its bound. */
  shed(): Arrival[] {
    const kept = new Map<number | null, number>();
    for (const { transactions, link } of this.#arrivals)
      kept.set(link, (kept.get(link) ?? 0) + placesOf(transactions));
    const share = fairShare([...kept.values()], KEPT_MAX);
    kept.clear();
    const all = this.#arrivals;
    const shed: Arrival[] = [];
    this.#arrivals = [];
    this.#size = 0;
    this.#places = 0;
    for (const { transactions, link } of all) {
      const before = kept.get(link) ?? 0;
      const fitting = countFitting(transactions, share - before);
      // Nothing of a sender that comes after what was shed is kept: its order stays.
      kept.set(link, before + placesOf(transactions));
      this.add({ transactions: transactions.slice(0, fitting), link });
      if (fitting < transactions.length) shed.push({ transactions: transactions.slice(fitting), link });
    }
    return shed;
  }
}

function placesOf(transactions: readonly Transaction[]): number {
  let places = 0;
  for (const tx of transactions) places += Math.ceil(memoryOf(tx) / PLACE_BYTES);
  return places;
}

/** How many of the first of them take at most so many places. */
function countFitting(transactions: readonly Transaction[], places: number): number {
  let left = places;
  for (const [i, tx] of transactions.entries()) {
    left -= Math.ceil(memoryOf(tx) / PLACE_BYTES);
    if (left < 0) return i;
  }
  return transactions.length;
}

/** The most that each may keep so that all together fit into `room`; those who have less leave theirs to the others. */
function fairShare(counts: readonly number[], room: number): number {
  const rising = counts.toSorted((a, b) => a - b);
  let left = room;
  for (const [i, count] of rising.entries()) {
    const share = Math.floor(left / (rising.length - i));
    if (count > share) return share;
    left -= count;
  }
  return Infinity;
}
