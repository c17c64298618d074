/**
 * The real ledger against the naive model, under a random life: every kind of transaction, valid and not, on branches
 * that overtake each other, arriving out of order, with restarts in between. `MODEL_SEED` and `MODEL_OPERATIONS` replay
 * and prolong it.
 */
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../chain/errors.ts';
import { TEST_PARAMS } from '../builder.ts';
import { ModelChain } from '../model/chain.ts';
import { hexOf } from '../model/hex.ts';
import { stateRootOf } from '../model/state.ts';
import { Random } from '../random.ts';
import { compareState, compareTotals } from './compare.ts';
import { Harness } from './harness.ts';
import { type Operation, Scenario } from './scenario.ts';

/** The run that every test does; what it comes across is known. */
const USUAL_SEED = 1;
const SEED = Number(process.env.MODEL_SEED ?? USUAL_SEED);
const OPERATIONS = Number(process.env.MODEL_OPERATIONS ?? 10_500);
/** Tips between two comparisons of everything. */
const TIPS_PER_COMPARISON = 10;

/** What a run came across, so that one that tests nothing fails. */
class Tally {
  readonly counts = new Map<string, number>();
  add(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }
  /** Names seen fewer times than asked. */
  lacking(names: readonly string[], least: number): string[] {
    return names.filter((name) => (this.counts.get(name) ?? 0) < least);
  }
}

class Player {
  readonly tally: Tally;
  readonly #model: ModelChain;
  readonly #real: Harness;
  readonly #scenario: Scenario;
  #operations = 0;
  #tips = 0;

  constructor(tally: Tally, scenario: Scenario, model: ModelChain, real: Harness) {
    this.tally = tally;
    this.#scenario = scenario;
    this.#model = model;
    this.#real = real;
  }

  get operations(): number {
    return this.#operations;
  }

  async step(): Promise<void> {
    const operation = this.#scenario.next(this.#model.tip.id);
    this.#operations += 1;
    if (operation.type === 'restart') await this.#restart();
    else if (operation.type === 'header') this.#header(operation);
    else if (!this.#body(operation)) return;
    // Several blocks may be there before the ledger looks.
    if (this.#operations % 4 !== 0) await this.#settle();
  }

  #header(operation: Operation & { type: 'header' }): void {
    const { header, wallMs } = operation;
    const expected = this.#model.addHeader(header, wallMs);
    const found = this.#real.addHeader(header, wallMs);
    expect({ header, code: found }).toEqual({ header, code: expected });
    if (expected !== null) this.tally.add(expected);
    if (expected === 'UNKNOWN_PARENT') this.#scenario.again(operation);
  }

  #body(operation: Operation & { type: 'body' }): boolean {
    const { id, transactions } = operation;
    const block = this.#model.blocks.get(id);
    if (block === undefined) {
      this.#scenario.again(operation);
      return false;
    }
    if (block.received === null) this.#operations += transactions.length;
    const expected = this.#model.addBody(id, transactions);
    expect({ id, code: this.#real.addBody(id, transactions) }).toEqual({ id, code: expected });
    if (expected !== null) this.tally.add(expected);
    return true;
  }

  async #settle(): Promise<void> {
    const before = this.#model.tip;
    const expected = this.#model.settle();
    const found = await this.#real.settle();
    expect(found).toEqual(expected);
    for (const code of expected.values()) this.tally.add(code);
    const { tip } = this.#model;
    expect(this.#real.tip).toBe(tip.id);
    if (tip === before) return;
    for (const { connected, disconnected } of this.#real.changes) {
      for (const { transactions } of connected) for (const tx of transactions) this.tally.add(tx.body.TAG);
      if (disconnected.length > 0) this.tally.add('reorganisation');
      if (disconnected.length > 4) this.tally.add('deep reorganisation');
    }
    const state = tip.state!;
    expect(hexOf(this.#real.ledger.tip.header.stateRoot)).toBe(stateRootOf(state));
    await compareTotals(this.#real, state);
    if (++this.#tips % TIPS_PER_COMPARISON === 0) await compareState(this.#real, state);
  }

  /** What wasn't stored is sent again, in the order it came in. */
  async #restart(): Promise<void> {
    this.tally.add('restart');
    await this.#settle();
    await this.#real.restart();
    expect(this.#real.tip).toBe(this.#model.tip.id);
    this.#model.forgetVerdicts();
    for (const { id, header, parent, transactions } of this.#model.blocks.values()) {
      if (parent === null) continue;
      expect(this.#real.addHeader(header, header.time)).toBe(null);
      if (transactions !== null) expect(this.#real.addBody(id, transactions)).toBe(null);
    }
  }

  async finish(): Promise<void> {
    await this.#settle();
    await compareState(this.#real, this.#model.tip.state!);
  }
}

const STATE_CODES: ErrorCode[] = [
  'EXPIRED',
  'FEE_TOO_LOW',
  'NO_ACCOUNT',
  'WRONG_KEY',
  'LOCKED',
  'NONCE_USED',
  'NONCE_GAP',
  'OVERSPEND',
  'NOT_OWNER',
  'NO_RECORD',
  'RECORD_DROPPED',
  'SAME_KEY',
  'RECOVERY_PENDING',
  'NO_RECOVERY',
  'NOT_RECOVERY',
  'NOTHING_PENDING',
  'KEY_TOO_YOUNG',
  'TOO_SOON',
];
const OTHER_CODES: ErrorCode[] = [
  'BAD_SIGNATURE',
  'BAD_STATE_ROOT',
  'BLOCK_TOO_LARGE',
  'TOO_MANY_SIGNATURES',
  'MUTATED_BODY',
  'UNKNOWN_PARENT',
  'INVALID_PARENT',
  'BAD_VERSION',
  'BAD_HEIGHT',
  'BAD_BITS',
  'BAD_WORK',
  'BAD_ELAPSED',
  'TIME_TOO_OLD',
  'BAD_HISTORY',
  'TIME_TOO_NEW',
];
const KINDS = [
  'transfer',
  'put',
  'give',
  'drop',
  'rotate',
  'setRecovery',
  'recover',
  'veto',
  'claim',
  'revoke',
];

describe('the ledger and the model', () => {
  it(`agree on ${OPERATIONS} random operations of seed ${SEED}`, {
    timeout: Math.max(180_000, 20 * OPERATIONS),
  }, async () => {
    const tally = new Tally();
    const scenario = new Scenario(new Random(SEED), TEST_PARAMS, tally.counts);
    const { params } = scenario.builder;
    const player = new Player(tally, scenario, new ModelChain(params), await Harness.open(params));
    while (player.operations < OPERATIONS) await player.step();
    await player.finish();
    if (SEED !== USUAL_SEED) return;
    expect(tally.lacking([...STATE_CODES, ...OTHER_CODES], 1)).toEqual([]);
    expect(tally.lacking(KINDS, 20)).toEqual([]);
    expect(tally.lacking(['reorganisation'], 20)).toEqual([]);
    expect(tally.lacking(['deep reorganisation', 'restart'], 5)).toEqual([]);
  });
});
