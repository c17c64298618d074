/**
 * Owns virtual time: what happens next, in the order of time and then of arrival. Nothing waits in a world; time jumps
 * to the next event, once all that the one before set off is over.
 */
import { assert } from '../chain/errors.ts';
import { Heap } from '../chain/pool/heap.ts';

interface Event {
  readonly at: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** Events at one millisecond above which something goes round in circles. */
const SAME_TIME_MAX = 100_000;
const RESOLVED = Promise.resolve();

export class Schedule {
  readonly #events = new Heap<Event>((a, b) => a.at < b.at || (a.at === b.at && a.sequence < b.sequence));
  #sequence = 0;
  #now = 0;
  #awaited = 0;
  #atSameTime = 0;

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now;
  }

  /** Time of the next event. */
  get nextAt(): number | undefined {
    return this.#events.peek()?.at;
  }

  /** Has `run` happen at a time, after all that was set for the same time before. */
  at(time: number, run: () => void): void {
    this.#events.push({ at: Math.max(time, this.#now), sequence: this.#sequence++, run });
  }

  after(ms: number, run: () => void): void {
    this.at(this.#now + ms, run);
  }

  /** Resolves after that time; at 0, once what is due now has happened. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, () => {
        this.awaited();
        resolve();
      });
    });
  }

  /** Somebody awaits the answer of a port: what an event set off isn't over when the event is. */
  awaited(): void {
    this.#awaited++;
  }

  /** Runs the next event. True if somebody awaits something since: what it set off is over once it has settled. */
  step(): boolean {
    const event = this.#events.pop();
    if (event === undefined) return false;
    // After a leap of the clock what was due comes late.
    const now = Math.max(event.at, this.#now);
    this.#atSameTime = now === this.#now ? this.#atSameTime + 1 : 0;
    assert(this.#atSameTime < SAME_TIME_MAX, 'time goes on');
    this.#now = now;
    const before = this.#awaited;
    event.run();
    return before !== this.#awaited;
  }

  /** Resolves once everything has gone on that waits for nothing but its turn. */
  settle(): Promise<void> {
    // A tick asked for by a promise comes once none has anything left to do; asked for by others it comes before them.
    return new Promise((resolve) => void RESOLVED.then(() => process.nextTick(resolve)));
  }

  /** Time goes on without events; those due before happen at the next step, late. */
  skipTo(time: number): void {
    this.#now = Math.max(this.#now, time);
  }
}
