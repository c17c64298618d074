/** Deposits: whatever is done with records, what is locked is the price of the bytes that the state keeps for them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RuleError } from '../../../chain/errors.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import type { Params } from '../../../chain/format/params.ts';
import { decodeEntry, TOTALS } from '../../../chain/state/entries.ts';
import { accessList, applyGenesis, executeTransaction } from '../../../chain/state/execute.ts';
import { WorkingState } from '../../../chain/state/working-state.ts';
import { addressFor, type Draft, drop, give, put, recordFor, signDraft } from '../actors.ts';
import { TEST_PARAMS } from '../builder.ts';

const PEOPLE = ['alice', 'bob', 'carol'] as const;
const [SHORT, LONG] = ['a', 'x'.repeat(64)] as const;
const NAMES = [SHORT, LONG] as const;

/** The state of a ledger on which these people do things with records of these names. */
class Books {
  readonly #state = new WorkingState();
  readonly #params: Params;
  #fees = 0;

  constructor(params: Params) {
    this.#params = params;
    const everything = PEOPLE.flatMap((name) => NAMES.map((each) => this.#sign(put(name, each), 0)));
    const refs = [TOTALS, ...accessList(everything)];
    this.#state.load(
      refs,
      refs.map(() => null),
    );
    applyGenesis(this.#state, params);
  }

  #sign(draft: Draft, nonce: number) {
    const { feePerByte } = this.#params.prices;
    return signDraft(draft, { chainId: new Uint8Array(32), nonce, key: draft.from, feePerByte });
  }

  /** Null, or the code of the rule that refuses it. */
  carryOut(draft: Draft): string | null {
    const { nonce } = this.#state.account(addressFor(draft.from))!;
    const tx = this.#sign(draft, nonce);
    try {
      executeTransaction({ params: this.#params, height: 1, state: this.#state }, tx, 0);
      this.#fees += tx.fee;
      return null;
    } catch (error) {
      if (error instanceof RuleError) return error.code;
      throw error;
    }
  }

  audit(): void {
    const { depositPerByte, depositPerEntry } = this.#params.prices;
    const byOwner = new Map<string, number>();
    let locked = 0;
    for (const { after } of this.#state.changes()) {
      const { TAG, data } = decodeEntry(after!);
      if (TAG !== 'record') continue;
      expect(data.deposit).toBe(depositPerEntry + depositPerByte * after!.length);
      const owner = toHex(data.owner);
      byOwner.set(owner, (byOwner.get(owner) ?? 0) + data.deposit);
      locked += data.deposit;
    }
    const { issued, burned, deposited } = this.#state.totals();
    expect(deposited).toBe(locked);
    let balances = 0;
    for (const name of PEOPLE) {
      const { balance, deposits } = this.#state.account(addressFor(name))!;
      expect([name, deposits]).toEqual([name, byOwner.get(toHex(addressFor(name))) ?? 0]);
      balances += balance;
    }
    expect(balances + locked + this.#fees).toBe(issued - burned);
  }
}

const person = fc.constantFrom(...PEOPLE);
/** Null is the record's creator, who mostly owns it. */
const actor = fc.option(person, { freq: 2 });
const record = fc.record({ creator: person, name: fc.constantFrom(...NAMES) });
const bytes = fc.oneof(fc.constantFrom(0, 1, 1023, 1024), fc.nat(1024));
const draft: fc.Arbitrary<Draft> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(actor, record, bytes, fc.boolean()).map(toPut) },
  { weight: 1, arbitrary: fc.tuple(actor, record, person).map(toGive) },
  { weight: 2, arbitrary: fc.tuple(actor, record).map(toDrop) },
);

type Named = { creator: string; name: string };
function toPut([from, { creator, name }, size, inline]: [string | null, Named, number, boolean]): Draft {
  return put(from ?? creator, name, 'c'.repeat(size), { creator, inline });
}
function toGive([from, { creator, name }, to]: [string | null, Named, string]): Draft {
  return give(from ?? creator, recordFor(creator, name), to);
}
function toDrop([from, { creator, name }]: [string | null, Named]): Draft {
  return drop(from ?? creator, recordFor(creator, name));
}

it('deposits locked = records × their price + bytes of state × their price, after every operation', () => {
  const outcomes = new Map<string | null, number>();
  fc.assert(
    fc.property(
      fc.array(draft, { minLength: 20, maxLength: 40, size: 'max' }),
      fc.nat(50),
      fc.nat(5_000),
      (drafts, byte, entry) => {
        const prices = { ...TEST_PARAMS.prices, depositPerByte: byte, depositPerEntry: entry };
        const books = new Books({ ...TEST_PARAMS, prices });
        for (const each of drafts) {
          const code = books.carryOut(each);
          outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
          books.audit();
        }
      },
    ),
    { numRuns: 100, seed: 4 },
  );
  // Nothing would be shown by operations that are all refused.
  for (const code of [null, 'NOT_OWNER', 'NO_RECORD', 'RECORD_DROPPED']) {
    expect([code, (outcomes.get(code) ?? 0) >= 10]).toEqual([code, true]);
  }
});

it('a deposit that can not be paid is refused, and one that falls is paid back', () => {
  const prices = { ...TEST_PARAMS.prices, depositPerByte: 1_000_000 };
  const books = new Books({ ...TEST_PARAMS, prices });
  expect(books.carryOut(put('carol', SHORT, 'c'.repeat(100)))).toBe('OVERSPEND');
  expect(books.carryOut(put('alice', SHORT, 'c'.repeat(500)))).toBe(null);
  expect(books.carryOut(put('alice', SHORT, 'c'.repeat(600)))).toBe(null);
  expect(books.carryOut(put('alice', LONG, 'c'.repeat(500)))).toBe('OVERSPEND');
  expect(books.carryOut(drop('alice', recordFor('alice', SHORT)))).toBe(null);
  books.audit();
  expect(books.carryOut(put('alice', LONG, 'c'.repeat(500)))).toBe(null);
  books.audit();
});
