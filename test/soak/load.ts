/**
 * Owns users who never stop paying: transfers signed in order, submitted in batches, and offered again until a node has
 * acknowledged them. Remembers what was acknowledged; bounded by how long the soak runs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import type { Params } from '../../chain/format/params.ts';
import { decodeTransaction } from '../../chain/format/transaction.ts';
import { type Person, signRound } from '../bench/workload.ts';

/** Transfers that are submitted at once. */
export const LOAD_BATCH = 20;
const FULL = ['POOL_FULL', 'QUEUE_FULL'];

/** Whoever takes calls as a node does. */
export interface Callee {
  call<T>(method: string, params?: object): Promise<T>;
}

interface Outcome {
  readonly status?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

export class Load {
  readonly #params: Params;
  readonly #chainId: Uint8Array;
  readonly #people: readonly Person[];
  /** Signed, and not acknowledged. */
  #waiting: string[] = [];
  #round = 0;
  #running = false;
  /** Ids of what a node said it took. */
  readonly acknowledged = new Set<string>();

  readonly #restMs: number;

  /** It rests so many milliseconds between batches. */
  constructor(params: Params, chainId: string, people: readonly Person[], restMs = 0) {
    this.#restMs = restMs;
    this.#params = params;
    this.#chainId = fromHex(chainId);
    this.#people = people;
  }

  /** Submits batches to the node until `stop`, or until the node doesn't answer. Resolves then. */
  async run(node: Callee): Promise<void> {
    this.#running = true;
    while (this.#running) {
      if (this.#waiting.length === 0) this.#waiting = this.#sign();
      const transactions = this.#waiting;
      const answer = await node.call<{ results: Outcome[] }>('submit', { transactions }).catch(() => null);
      if (answer === null) return;
      this.#waiting = transactions.filter((text, i) => !this.#note(text, answer.results[i]!));
      if (this.#restMs > 0) await sleep(this.#restMs);
    }
  }

  stop(): void {
    this.#running = false;
  }

  /** True if the node has it. A full mempool is no fault; anything else is one of the node, since all is in order. */
  #note(text: string, { error }: Outcome): boolean {
    if (error !== undefined && !FULL.includes(error.code)) throw new Error(`refused: ${error.message}`);
    if (error === undefined) this.acknowledged.add(decodeTransaction(fromHex(text)).key);
    return error === undefined;
  }

  #sign(): string[] {
    const start = (this.#round++ * LOAD_BATCH) % this.#people.length;
    const people = this.#people.slice(start, start + LOAD_BATCH);
    return signRound(this.#params, this.#chainId, people, people.length).map(toHex);
  }
}
