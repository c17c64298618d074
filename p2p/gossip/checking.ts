/**
 * Owns which transactions the reactor is checking: who brought each, and who else has it, should there be no room to
 * check it. Bounds: the fetcher's, in bytes, for each who brings; `ANNOUNCERS_MAX` others for each transaction.
 */
import type { Transaction } from '../../chain/format/transaction.ts';
import { Turnover } from '../../chain/turnover.ts';
import { ANNOUNCERS_MAX } from '../limits.ts';
import type { FetchState } from './fetch-state.ts';

interface Checked {
  readonly id: Uint8Array;
  /** Who brought it. */
  readonly link: number;
  readonly bytes: number;
  readonly others: number[];
}

export class Checking {
  readonly #all = new Turnover<string, Checked>();
  readonly #states: ReadonlyMap<number, FetchState>;

  constructor(states: ReadonlyMap<number, FetchState>) {
    this.#states = states;
  }

  get size(): number {
    return this.#all.size;
  }

  has(key: string): boolean {
    return this.#all.has(key);
  }

  /** Begins the check of what a peer brought; its bytes are counted to that peer. */
  add({ id, key, bytes }: Transaction, state: FetchState, others: readonly number[]): void {
    const { link } = state.peer;
    const spare = others.filter((other) => other !== link).slice(0, ANNOUNCERS_MAX);
    this.#all.set(key, { id, link, bytes: bytes.length, others: spare });
    state.checkingBytes += bytes.length;
    state.peer.hold(bytes.length);
  }

  /** True if it is being checked: then it is noted that this link has it too. */
  isHadBy(key: string, link: number): boolean {
    const checked = this.#all.get(key);
    if (checked === undefined) return false;
    const { others } = checked;
    if (others.length < ANNOUNCERS_MAX && link !== checked.link && !others.includes(link)) others.push(link);
    return true;
  }

  /** Ends the check. */
  take(key: string): Checked | undefined {
    const checked = this.#all.get(key);
    if (checked === undefined) return undefined;
    this.#all.delete(key);
    const state = this.#states.get(checked.link);
    if (state !== undefined) {
      state.checkingBytes -= checked.bytes;
      state.peer.release(checked.bytes);
    }
    return checked;
  }
}
