/**
 * Owns the transactions that wait to be checked, in order of arrival, and who takes room there.
 * Bound: `QUEUED_MAX` in all. When that is too little, each sender keeps its fair share of `KEPT_MAX`: whoever has no
 * more than `KEPT_MAX` by the number of senders loses nothing, whatever the others send.
 */
import type { Transaction } from '../../chain/format/transaction.ts';

/** A block's worth. */
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

  /** Transactions. */
  get size(): number {
    return this.#size;
  }

  get isOver(): boolean {
    return this.#size > QUEUED_MAX;
  }

  add(arrival: Arrival): void {
    if (arrival.transactions.length === 0) return;
    this.#arrivals.push(arrival);
    this.#size += arrival.transactions.length;
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
    return taken;
  }

  /** Takes out the latest of what each sender has over its share. To be called whenever it is over its bound. */
  shed(): Arrival[] {
    const kept = new Map<number | null, number>();
    for (const { transactions, link } of this.#arrivals)
      kept.set(link, (kept.get(link) ?? 0) + transactions.length);
    const share = fairShare([...kept.values()], KEPT_MAX);
    kept.clear();
    const all = this.#arrivals;
    const shed: Arrival[] = [];
    this.#arrivals = [];
    this.#size = 0;
    for (const arrival of all) {
      const { transactions, link } = arrival;
      const before = kept.get(link) ?? 0;
      const room = Math.max(0, share - before);
      kept.set(link, before + transactions.length);
      if (transactions.length <= room) this.add(arrival);
      else {
        this.add({ transactions: transactions.slice(0, room), link });
        shed.push({ transactions: transactions.slice(room), link });
      }
    }
    return shed;
  }
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
