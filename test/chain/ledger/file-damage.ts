/**
 * Owns trying damage to the files of a small ledger in memory: it is opened as a node opens it, asked everything, and told
 * of its chain by a peer. No answer may be wrong, whatever is damaged, and all must be whole at the end.
 */
import { CorruptStoreError, RuleError } from '../../../chain/errors.ts';
import type { MemoryFiles } from '../../../chain/files/memory-files.ts';
import { encodeBody } from '../../../chain/format/block.ts';
import { equalBytes } from '../../../chain/format/bytes.ts';
import type { Ledger } from '../../../chain/ledger/ledger.ts';
import { drop, give, put, recordFor, rotate, transfer, transferMany } from '../actors.ts';
import { ChainBuilder } from '../builder.ts';
import { type Answers, askEverything, expectedAnswers, type Subjects, subjectsOf } from './everything.ts';
import { FaultyStore } from './faulty-store.ts';
import { emptied, feed, filesOf, openLedger, reopen, settle } from './life.ts';

const MAIN = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'];
const SIDE = ['b3', 'b4'];

/** What one try came to: all was as if nothing had happened, something was refused, or the state went back for a while. */
export type Outcome = 'whole' | 'refused' | 'behind';

export class DamageTrial {
  readonly files: MemoryFiles;
  /** The files when the chain was half as long. */
  readonly earlier: MemoryFiles;
  readonly #store: FaultyStore;
  readonly #chain: ChainBuilder;
  readonly #subjects: Subjects;
  readonly #truth = new Map<string, Answers>();

  private constructor(chain: ChainBuilder, store: FaultyStore, earlier: MemoryFiles) {
    this.#chain = chain;
    this.#store = store;
    this.files = filesOf(store);
    this.earlier = earlier;
    this.#subjects = subjectsOf(chain, [...MAIN, ...SIDE]);
  }

  static async make(): Promise<DamageTrial> {
    const chain = draw();
    const store = new FaultyStore();
    const ledger = await openLedger(store);
    let earlier = filesOf(store).copy();
    for (const name of [...MAIN, ...SIDE]) {
      await feed(ledger, chain, [name]);
      if (name === 'a4') earlier = filesOf(store).copy();
    }
    return new DamageTrial(chain, store, earlier);
  }

  /** Damages a copy of the files and tries it. `bare`: the store is gone as well. Throws if an answer is wrong. */
  async run(damage: (files: MemoryFiles) => void, bare = false): Promise<Outcome> {
    const files = this.files.copy();
    damage(files);
    const store = bare ? new FaultyStore() : await FaultyStore.after(this.#store.batches);
    filesOf(store, files);
    const opened = await reopen(store);
    await settle(opened.ledger);
    const outcome = await this.#ask(opened.ledger);
    await this.#heal(opened.ledger, opened.store as FaultyStore);
    return outcome;
  }

  async #ask(ledger: Ledger): Promise<Outcome> {
    const name = this.#chain.nameOf(ledger.tip.key);
    let outcome: Outcome = name === 'a8' ? 'whole' : 'behind';
    try {
      this.#compare(name, await askEverything(ledger, this.#subjects));
    } catch (error) {
      if (!(error instanceof CorruptStoreError || isLost(error))) throw error;
      outcome = 'refused';
    }
    return (await this.#bodies(ledger)) ? outcome : 'refused';
  }

  /** True if all bodies can be read. Throws if one is another. */
  async #bodies(ledger: Ledger): Promise<boolean> {
    let all = true;
    for (const name of [...MAIN, ...SIDE]) {
      const { id, transactions } = this.#chain.get(name);
      const node = ledger.headers.get(id);
      const body = node === undefined ? null : await ledger.readBody(node).catch(refused);
      if (body === null) all = false;
      else if (!equalBytes(body, encodeBody(transactions))) throw new Error(`the body of ${name} is another`);
    }
    return all;
  }

  /** A peer has all blocks. */
  async #heal(ledger: Ledger, store: FaultyStore): Promise<void> {
    let current = { ledger, store };
    for (let tries = 0; tries < 3; tries++) {
      try {
        for (const name of [...MAIN, ...SIDE]) await feed(current.ledger, this.#chain, [name]);
        this.#compare('a8', await askEverything(current.ledger, this.#subjects));
        if (!(await this.#bodies(current.ledger))) {
          // What was found lost just now is brought as well.
          for (const name of [...MAIN, ...SIDE]) await feed(current.ledger, this.#chain, [name]);
          if (!(await this.#bodies(current.ledger))) throw new Error('a body is not brought back');
        }
        return;
      } catch (error) {
        if (!(error instanceof CorruptStoreError || isLost(error))) throw error;
        if (isLost(error)) continue;
        const fresh = await emptied(current.store);
        current = { ledger: await openLedger(fresh), store: fresh };
      }
    }
    throw new Error('damage stays');
  }

  #compare(tip: string, answers: Answers): void {
    let truth = this.#truth.get(tip);
    if (truth === undefined && tip !== 'genesis') {
      truth = expectedAnswers(this.#chain, tip, this.#subjects);
      this.#truth.set(tip, truth);
    }
    for (const [what, wanted] of truth ?? []) {
      const answer = answers.get(what);
      // A node that says it can't tell says nothing wrong.
      if (answer !== wanted && answer !== '[null,false]')
        throw new Error(`at ${tip}, ${what} is ${answer}, and should be ${wanted}`);
    }
  }
}

const refused = (error: unknown): null => {
  if (isLost(error)) return null;
  throw error;
};

const isLost = (error: unknown): boolean => error instanceof RuleError && error.code === 'BLOCK_LOST';

function draw(): ChainBuilder {
  const chain = new ChainBuilder();
  const notes = recordFor('alice', 'notes');
  const spend = (height: number) =>
    transferMany('carol', [
      ['dave', height],
      [`new ${height}`, 5],
    ]);
  chain.block('a1', { transactions: [put('alice', 'notes', 'one'), spend(1)] });
  chain.block('a2', { transactions: [give('alice', notes, 'bob'), transfer('alice', 'bob', 9)] });
  chain.block('a3', { transactions: [rotate('alice', 'alice 2'), spend(3)] });
  chain.block('a4', { transactions: [drop('bob', notes), transfer('bob', 'alice', 1)] });
  for (const name of MAIN.slice(4)) chain.block(name, { transactions: [spend(Number(name.slice(1)))] });
  chain.block('b3', { on: 'a2', miner: 'erin', transactions: [transfer('bob', 'carol', 4)] });
  chain.block('b4', { transactions: [spend(13)] });
  return chain;
}
