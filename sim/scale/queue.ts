/**
 * Owns the virtual time of a large world: what happens next, in the order of time and then of arrival. A bucket for each
 * of the next milliseconds, and a heap for what is later, so that an event costs no more with a million of them waiting.
 */
import { assert } from '../../chain/errors.ts';
import { Heap } from '../../chain/pool/heap.ts';

/** Takes what was set for it: a code of its own, and what goes with it. */
export interface Actor {
  take(what: number, payload: unknown): void;
}

interface Later {
  readonly at: number;
  readonly sequence: number;
  readonly actor: Actor;
  readonly what: number;
  readonly payload: unknown;
}

/** Milliseconds that have buckets. */
const SPAN = 2 ** 15;
/** Events at one millisecond above which something goes round in circles. */
const SAME_TIME_MAX = 10_000_000;

export class Queue {
  /** Actor, code, payload, actor, code, payload…: no object is made for an event. */
  readonly #buckets = new Array<unknown[] | undefined>(SPAN).fill(undefined);
  readonly #later = new Heap<Later>((a, b) => a.at < b.at || (a.at === b.at && a.sequence < b.sequence));
  #sequence = 0;
  #now = 0;

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now;
  }

  /** Has something happen at a whole millisecond, after all that was set for it before; now, if that has passed. */
  at(time: number, actor: Actor, what: number, payload: unknown): void {
    if (time >= this.#now + SPAN) {
      this.#later.push({ at: time, sequence: this.#sequence++, actor, what, payload });
      return;
    }
    const place = Math.max(time, this.#now) % SPAN;
    const bucket = this.#buckets[place];
    if (bucket === undefined) this.#buckets[place] = [actor, what, payload];
    else bucket.push(actor, what, payload);
  }

  after(ms: number, actor: Actor, what: number, payload: unknown): void {
    this.at(this.#now + ms, actor, what, payload);
  }

  /** Lets everything happen up to and at a time. */
  run(until: number): void {
    for (;;) {
      this.#drain();
      if (this.#now >= until) return;
      this.#now++;
      for (let next = this.#later.peek(); next !== undefined; next = this.#later.peek()) {
        if (next.at >= this.#now + SPAN) break;
        this.#later.pop();
        this.at(next.at, next.actor, next.what, next.payload);
      }
    }
  }

  #drain(): void {
    const place = this.#now % SPAN;
    const bucket = this.#buckets[place];
    if (bucket === undefined) return;
    // It grows while it is worked through, by what happens at once.
    for (let i = 0; i < bucket.length; i += 3) {
      (bucket[i] as Actor).take(bucket[i + 1] as number, bucket[i + 2]);
      assert(i < 3 * SAME_TIME_MAX, 'time goes on');
    }
    this.#buckets[place] = undefined;
  }
}
