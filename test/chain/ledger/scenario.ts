/**
 * Owns the random life of a ledger: which blocks are mined on which branch, what is wrong with them, and in what order
 * their parts arrive. It knows every block it drew with its state, from the model; whoever plays it keeps the verdicts.
 */
import type { ErrorCode } from '../../../chain/errors.ts';
import type { Header } from '../../../chain/format/header.ts';
import type { Params } from '../../../chain/format/params.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { addressFor, transferMany } from '../actors.ts';
import { type BlockSpec, ChainBuilder, type DrawnBlock, mine, signFor } from '../builder.ts';
import { txRootOf } from '../model/chain.ts';
import { applyTransaction, executeBlock, openBlock } from '../model/execute.ts';
import { bytesOf, type Hex, hexOf } from '../model/hex.ts';
import { copyState, type ModelState, newAccount, stateRootOf } from '../model/state.ts';
import { Refusal } from '../model/step.ts';
import type { Random } from '../random.ts';
import { Drafts, PEOPLE } from './drafts.ts';

export type Operation =
  | { type: 'header'; header: Header; wallMs: number }
  | { type: 'body'; id: Hex; transactions: readonly Transaction[] }
  | { type: 'restart' };

const FLAWS = [
  'version',
  'height',
  'bits',
  'work',
  'elapsed',
  'time',
  'history',
  'parent',
  'early',
  'state root',
  'second reward',
  'mutated',
  'oversize',
  'signatures',
] as const;
type Flaw = (typeof FLAWS)[number];

/** The last blocks drawn, which a branch may start from whatever became of them. */
const RECENT = 40;

export class Scenario {
  readonly builder: ChainBuilder;
  readonly #random: Random;
  readonly #met: ReadonlyMap<string, number>;
  /** All, by id. */
  readonly #blocks = new Map<Hex, DrawnBlock>();
  #recent: DrawnBlock[];
  /** Parts on their way. They overtake each other within a few places. */
  readonly #coming: Operation[] = [];
  readonly #tries = new WeakMap<Operation, number>();
  #drawn = 0;
  /** Where blocks are being put, and how many more go there. */
  #branch: { on: DrawnBlock; left: number };

  /** `met` counts the faults that blocks were rejected for so far. */
  constructor(random: Random, params: Params, met: ReadonlyMap<string, number>) {
    this.#random = random;
    this.#met = met;
    const funded = PEOPLE.slice(0, 6).map((name, i) => ({
      address: addressFor(name),
      amount: 10 ** (5 + i),
    }));
    this.builder = new ChainBuilder({ ...params, allocations: funded });
    const genesis = this.builder.get('genesis');
    this.#recent = [genesis];
    this.#blocks.set(genesis.id, genesis);
    this.#branch = { on: genesis, left: 10 };
  }

  /** The next thing that happens to a node whose tip is `tip`. */
  next(tip: Hex): Operation {
    const random = this.#random;
    if (random.chance(0.004)) return { type: 'restart' };
    while (this.#coming.length < 4) this.#drawBlock(tip);
    const place = random.chance(0.85) ? 0 : random.below(4);
    return this.#coming.splice(place, 1)[0]!;
  }

  /** Comes again later, a few times: something it builds on wasn't there yet. */
  again(operation: Operation): void {
    const tries = (this.#tries.get(operation) ?? 0) + 1;
    this.#tries.set(operation, tries);
    if (tries < 5) this.#coming.splice(Math.min(this.#coming.length, 3), 0, operation);
  }

  #parent(tip: Hex): DrawnBlock {
    const random = this.#random;
    if (this.#branch.left === 0) {
      const best = this.#blocks.get(tip)!;
      // A few blocks on the tip; or a branch from below it, usually long enough to win.
      const depth = random.chance(0.45) ? 0 : random.between(1, 9);
      const on = this.#ancestor(best, depth);
      this.#branch = { on, left: random.between(Math.max(1, depth - 2), depth + 4) };
      if (random.chance(0.1)) this.#branch.on = random.pick(this.#recent);
    }
    this.#branch.left -= 1;
    return this.#branch.on;
  }

  #ancestor(block: DrawnBlock, depth: number): DrawnBlock {
    const leaf = block.history[Math.max(0, block.history.length - 1 - depth)]!;
    return this.#blocks.get(leaf.id)!;
  }

  #drawBlock(tip: Hex): void {
    const random = this.#random;
    const parent = this.#parent(tip);
    const flaw = random.chance(0.1) ? random.pick(FLAWS) : null;
    const miner = random.pick([...PEOPLE, 'miner']);
    const { state } = parent;
    const transactions = state === null ? [] : this.#transactions(state, parent.header.height + 1, flaw);
    const drawn = this.builder.block(`b${++this.#drawn}`, {
      on: parent.name,
      transactions,
      miner,
      step: this.#step(parent),
      ...this.#flawed(flaw, parent, miner, transactions),
    });
    this.#recent = [...this.#recent, drawn].slice(-RECENT);
    this.#blocks.set(drawn.id, drawn);
    this.#deliver(drawn, flaw);
    const sound = drawn.state !== null && (flaw === null || flaw === 'early' || flaw === 'mutated');
    if (sound) this.#branch.on = drawn;
    // Something is built on a bad block now and then, but not for long.
    else if (random.chance(0.3)) this.#branch = { on: drawn, left: Math.min(this.#branch.left, 2) };
  }

  /** Around the target spacing, with long pauses and hurried blocks; slower once the target has become hard. */
  #step({ header: { elapsed, height } }: DrawnBlock): number {
    const random = this.#random;
    if (elapsed - 1_000 * height < -20_000) return random.between(1_000, 3_000);
    if (random.chance(0.02)) return random.between(10_000, 40_000);
    return random.chance(0.1) ? random.between(1, 10) : random.between(300, 1_600);
  }

  /** Valid ones, one after the other; seldom one that isn't. */
  #transactions(parent: ModelState, height: number, flaw: Flaw | null): Transaction[] {
    const { params, chainId } = this.builder;
    const random = this.#random;
    const chosen: Transaction[] = [];
    let state = copyState(parent);
    openBlock(params, state, height);
    const wanted = flaw === 'signatures' ? 17 : random.between(0, 14);
    let weight = 0;
    for (let tries = 0; chosen.length < wanted && tries < 60; tries++) {
      const given = new Drafts(random, state, height).draw();
      const tx = signFor(state, given, chainId, params);
      const signatures = tx.body.TAG === 'rotate' || tx.body.TAG === 'recover' ? 2 : 1;
      if (weight + signatures > 16 && flaw !== 'signatures') continue;
      const next = copyState(state);
      const forged = given.forge !== undefined || given.chainId !== undefined;
      const code = forged ? 'BAD_SIGNATURE' : codeOf(() => applyTransaction(params, next, height, tx));
      if (code === null) state = next;
      // Faults that haven't been met are taken more eagerly.
      else if (!random.chance((this.#met.get(code) ?? 0) < 3 ? 0.3 : 0.015)) continue;
      chosen.push(tx);
      weight += signatures;
      if (code !== null) break;
    }
    if (flaw === 'oversize') chosen.push(...this.#large(state));
    return chosen;
  }

  /** Three transfers that don't fit one block, from whoever is rich. */
  #large(state: ModelState): Transaction[] {
    const outputs = Array.from({ length: 255 }, (): [string, number] => ['p0', 1]);
    return [0, 1, 2].map((i) => {
      const nonce = state.accounts.get(hexOf(addressFor('p5')))!.nonce + i;
      return signFor(
        state,
        { ...transferMany('p5', outputs), nonce },
        this.builder.chainId,
        this.builder.params,
      );
    });
  }

  #flawed(
    flaw: Flaw | null,
    parent: DrawnBlock,
    miner: string,
    transactions: readonly Transaction[],
  ): Pick<BlockSpec, 'header' | 'work'> {
    const { header } = parent;
    switch (flaw) {
      case 'version':
        return { header: { version: 2 } };
      case 'height':
        return { header: { height: header.height + 2 } };
      case 'bits':
        return { header: { bits: 0x2010ffff } };
      case 'work':
        return { work: 'miss' };
      case 'elapsed':
        return { header: { elapsed: header.elapsed + 1 } };
      case 'time':
        return { header: { time: header.time, elapsed: header.elapsed } };
      case 'history':
        return { header: { historyRoot: new Uint8Array(32).fill(1) } };
      case 'parent':
        return { header: { previous: new Uint8Array(32).fill(1) } };
      case 'state root':
        return { header: { stateRoot: header.stateRoot } };
      case 'second reward':
        return this.#withSecondReward(parent, miner, transactions);
      default:
        return {};
    }
  }

  /** A root that would be right if the miner had been given a little more. */
  #withSecondReward(
    parent: DrawnBlock,
    miner: string,
    transactions: readonly Transaction[],
  ): Pick<BlockSpec, 'header'> {
    const address = hexOf(addressFor(miner));
    const height = parent.header.height + 1;
    const { params } = this.builder;
    const { state: before } = parent;
    const block = { height, miner: address, transactions };
    if (before === null || codeOf(() => executeBlock(params, before, block)) !== null) return {};
    const rich = executeBlock(params, before, block);
    const account = rich.accounts.get(address) ?? newAccount(height);
    account.balance += 50_000_000n;
    rich.accounts.set(address, account);
    rich.totals.issued += 50_000_000n;
    return { header: { stateRoot: bytesOf(stateRootOf(rich)) } };
  }

  #deliver({ id, header, transactions }: DrawnBlock, flaw: Flaw | null): void {
    const random = this.#random;
    const { futureMs } = this.builder.params.limits;
    const wallMs = header.time - (random.chance(0.1) ? futureMs : 0);
    if (flaw === 'early') this.#coming.push({ type: 'header', header, wallMs: header.time - futureMs - 1 });
    this.#coming.push({ type: 'header', header, wallMs });
    if (flaw === 'mutated') {
      const another = mine({ ...header, txRoot: bytesOf(txRootOf([])) }, 'reach');
      this.#coming.push({ type: 'header', header: another, wallMs });
      this.#coming.push({
        type: 'body',
        id,
        transactions: transactions.slice(0, -1).concat(transactions.slice(0, 1)),
      });
    }
    this.#coming.push({ type: 'body', id, transactions });
    if (random.chance(0.05)) this.#coming.push({ type: 'body', id, transactions });
  }
}

/** The code of the rule that `run` breaks in the model, or null. */
function codeOf(run: () => void): ErrorCode | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}
