/**
 * Owns a load that never changes: transfers and, one in ten, records, given to the nodes in turn. Remembers only what it
 * must to sign on; a refusal ends it with an error.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import type { Params } from '../../chain/format/params.ts';
import { piecesRoot } from '../../chain/format/pieces.ts';
import type { Body } from '../../chain/format/transaction.ts';
import type { NodeProcess } from '../bench/node-process.ts';
import { type Person, signBody } from '../bench/workload.ts';

/** Submissions a second, whatever the rate. */
const STEPS = 2;
const RECORD_EVERY = 10;
const NO_MEMO = new Uint8Array(0);

export class SteadyLoad {
  readonly #params: Params;
  readonly #chainId: Uint8Array;
  readonly #people: readonly Person[];
  readonly #nodes: readonly NodeProcess[];
  #running = true;
  #signed = 0;
  accepted = 0;

  constructor(params: Params, chainId: string, people: readonly Person[], nodes: readonly NodeProcess[]) {
    this.#params = params;
    this.#chainId = fromHex(chainId);
    this.#people = people;
    this.#nodes = nodes;
  }

  /** Submits `rate` transactions a second until `stop`. Each person uses one node, so that nonces come in order. */
  async run(rate: number): Promise<void> {
    const start = performance.now();
    for (let step = 1; this.#running; step++) {
      const due = Math.floor((step * rate) / STEPS);
      const batches = this.#nodes.map((): string[] => []);
      while (this.#signed < due) {
        const person = this.#signed % this.#people.length;
        batches[person % batches.length]!.push(this.#sign(this.#signed++));
      }
      for (const [i, transactions] of batches.entries())
        if (transactions.length > 0) await this.#submit(i, transactions);
      await sleep(Math.max(0, start + (1000 * step) / STEPS - performance.now()));
    }
  }

  stop(): void {
    this.#running = false;
  }

  async #submit(node: number, transactions: readonly string[]): Promise<void> {
    const { results } = await this.#nodes[node]!.call<{ results: { error?: { message: string } }[] }>(
      'submit',
      {
        transactions,
      },
    );
    for (const { error } of results) if (error !== undefined) throw new Error(`refused: ${error.message}`);
    this.accepted += results.length;
  }

  #sign(turn: number): string {
    const people = this.#people;
    const from = people[turn % people.length]!;
    const to = people[(turn + 1) % people.length]!.address;
    // A person's turns are counted too, or the same few would make all records.
    const round = turn + Math.floor(turn / people.length);
    const body: Body =
      round % RECORD_EVERY === 0
        ? { TAG: 'put', data: this.#record(from, turn) }
        : { TAG: 'transfer', data: { outputs: [{ to, amount: 1 }], memo: NO_MEMO } };
    return toHex(signBody(this.#params, this.#chainId, from, body));
  }

  #record(from: Person, turn: number) {
    const text = new TextEncoder();
    const inline = text.encode(`steady ${turn}`);
    return {
      creator: from.address,
      // One record each, which is put again and again: the state has its size after the first few minutes.
      name: text.encode('record'),
      root: piecesRoot(inline),
      size: inline.length,
      mediaType: text.encode('text/plain'),
      inline,
    };
  }
}
