/**
 * Owns the transactions that wait to be checked, in order of arrival, and who takes room there.
 * Bound: `QUEUED_MAX` in all. When that is too little, each sender keeps its fair share: whoever has no more than
 * `QUEUED_MAX` by the number of senders loses nothing, whatever the others send.
 */
import type { Transaction } from '../../chain/format/transaction.ts';

/** A block's worth. */
const QUEUED_MAX = 20_000;

/** `link` is who sent it; `null` for one that has waited here. */
interface Queued {
  readonly transaction: Transaction;
  readonly link: number | null;
}

export class CheckQueue {
  #all: Queued[] = [];

  get size(): number {
    return this.#all.length;
  }

  get isOver(): boolean {
    return this.#all.length > QUEUED_MAX;
  }

  add(transactions: readonly Transaction[], link: number | null): void {
    for (const transaction of transactions) this.#all.push({ transaction, link });
  }

  /** The first `count` of them. */
  take(count: number): Queued[] {
    return this.#all.splice(0, count);
  }

  /** Takes out, for each sender, the latest of what is over its share. To be called whenever it is over its bound. */
  shed(): Map<number | null, Transaction[]> {
    const kept = new Map<number | null, number>();
    for (const { link } of this.#all) kept.set(link, (kept.get(link) ?? 0) + 1);
    const share = fairShare([...kept.values()], QUEUED_MAX);
    kept.clear();
    const over = new Map<number | null, Transaction[]>();
    this.#all = this.#all.filter(({ transaction, link }) => {
      const count = (kept.get(link) ?? 0) + 1;
      kept.set(link, count);
      if (count <= share) return true;
      const left = over.get(link);
      if (left === undefined) over.set(link, [transaction]);
      else left.push(transaction);
      return false;
    });
    return over;
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
