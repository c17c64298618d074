/**
 * Every derived row of a store in turn is lost, replaced by an older version of itself, by another row's value, or has a
 * bit flipped, with its checksum right again, since the store here has none. No answer is wrong, and all is repaired.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { CorruptStoreError } from '../../../chain/errors.ts';
import { fromHex, toHex } from '../../../chain/format/bytes.ts';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import { Scrub } from '../../../chain/ledger/scrub.ts';
import { decodeEntry } from '../../../chain/state/entries.ts';
import { addressFor, drop, give, put, recordFor, rotate, transfer, transferMany } from '../actors.ts';
import { ChainBuilder } from '../builder.ts';
import { type Answers, askEverything, expectedAnswers, type Subjects, subjectsOf } from './everything.ts';
import { emptied, feed, filesOf, openLedger, reopen, rowsOf, settle } from './life.ts';

/** b leaves a behind at its first block; c does the same to b much later, to see that what is undone is right. */
const FIRST = ['a1', 'a2', 'a3', 'a4', 'a5'];
const RIVAL = ['b2', 'b3', 'b4', 'b5', 'b6', 'b7'];
const LATER = ['c5', 'c6', 'c7', 'c8'];

function draw(): ChainBuilder {
  const chain = new ChainBuilder();
  const notes = recordFor('alice', 'notes');
  const spend = (height: number) =>
    transferMany('carol', [
      ['dave', height],
      [`new ${height}`, 5],
    ]);
  chain.block('a1', { transactions: [put('alice', 'notes', 'one'), put('alice', 'same', 'two'), spend(1)] });
  chain.block('a2', { transactions: [give('alice', notes, 'bob'), transfer('alice', 'bob', 9)] });
  chain.block('a3', { transactions: [put('alice', 'late', 'six'), spend(3)] });
  chain.block('a4', { transactions: [drop('bob', notes), transfer('bob', 'alice', 1)] });
  chain.block('a5', { transactions: [spend(5)] });
  chain.block('b2', { on: 'a1', transactions: [transfer('alice', 'bob', 3), transfer('bob', 'carol', 4)] });
  chain.block('b3', { transactions: [rotate('bob', 'bob 2'), put('alice', 'late', 'one'), spend(13)] });
  chain.block('b4', { transactions: [give('alice', notes, 'carol')] });
  chain.block('b5', { transactions: [spend(15), transfer('alice', 'carol', 5)], miner: 'bob' });
  chain.block('b6', { transactions: [put('carol', 'notes', 'four', { creator: 'alice' })] });
  chain.block('b7', { transactions: [spend(17)] });
  for (const [i, name] of LATER.entries())
    chain.block(name, { ...(i === 0 ? { on: 'b4' } : {}), transactions: [spend(20 + i)] });
  return chain;
}

type Row = readonly [key: string, value: string];

let chain: ChainBuilder;
let subjects: Subjects;
let sound: MemoryStore;
let rows: Map<string, string>;
let answers: Answers;
/** The store after each block on its way. */
const earlier: Map<string, string>[] = [];

beforeAll(async () => {
  chain = draw();
  sound = new MemoryStore();
  const ledger = await openLedger(sound);
  for (const name of [...FIRST, ...RIVAL]) {
    await feed(ledger, chain, [name]);
    earlier.push(await rowsOf(sound, 'qc'));
  }
  subjects = subjectsOf(chain, [...FIRST, ...RIVAL, ...LATER]);
  expect(chain.nameOf(ledger.tip.key)).toBe('b7');
  rows = await rowsOf(sound, 'qc');
  answers = await askEverything(ledger, subjects);
});

/** What became of a store with some rows in another state. */
interface Outcome {
  readonly rebuilt: boolean;
  readonly mended: number;
}

/** Opens it, asks everything, as often as it takes, and checks every answer. */
async function live(tampered: readonly (readonly [key: string, value: string | null])[]): Promise<Outcome> {
  let store = tamper(tampered);
  let rebuilt = false;
  let mended = 0;
  for (let tries = 1; ; tries++) {
    const opened = await reopen(
      store,
      () => {
        rebuilt = true;
      },
      { onMend: () => mended++ },
    );
    store = opened.store;
    await settle(opened.ledger);
    try {
      expect(await askEverything(opened.ledger, subjects)).toEqual(answers);
      return { rebuilt, mended };
    } catch (error) {
      if (!(error instanceof CorruptStoreError) || tries === 3) throw error;
      rebuilt = true;
      store = await emptied(store);
    }
  }
}

/** The sound store with some rows in another state, and its files. */
function tamper(rows: readonly (readonly [key: string, value: string | null])[]): MemoryStore {
  const store = sound.copy();
  filesOf(store, filesOf(sound));
  store.put(rows.map(([key, value]) => [fromHex(key), value === null ? null : fromHex(value)] as const));
  return store;
}

const kindOf = ([key]: Row): string => String.fromCharCode(Number.parseInt(key.slice(0, 2), 16));

const flip = (value: string, bit: number): string => {
  const bytes = fromHex(value);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return toHex(bytes);
};

/** All that can befall a row by itself. */
function fatesOf([key, value]: Row, all: readonly Row[]): (string | null)[] {
  const fates = new Set<string | null>([null]);
  for (const then of earlier) fates.add(then.get(key) ?? null);
  const same = all.filter((row) => kindOf(row) === kindOf([key, value]));
  const at = same.findIndex(([other]) => other === key);
  for (const step of [1, 2]) fates.add(same[(at + step) % same.length]![1]);
  for (const bit of [0, 77, 8 * (value.length >> 1) - 1]) {
    if (bit < 4 * value.length) fates.add(flip(value, bit));
  }
  fates.delete(value);
  return [...fates];
}

test('the answers are those of the model', () => {
  for (const [question, answer] of expectedAnswers(chain, 'b7', subjects))
    expect([question, answers.get(question)]).toEqual([question, answer]);
});

describe('no answer is wrong, and all is repaired, if a row of kind', { timeout: 180_000 }, () => {
  test.each(['s', 'p', 't', 'a', 'o', 'm', 'u'])('%s is lost, old, another, or flipped', async (kind) => {
    const all = [...rows];
    const mine = all.filter((row) => kindOf(row) === kind);
    expect(mine.length).toBeGreaterThan(0);
    let [tried, repaired] = [0, 0];
    for (const row of mine) {
      // Whose store it is, and in which version, is refused, not repaired.
      if (/^m(?:chain|format)$/.test(Buffer.from(row[0], 'hex').toString('latin1'))) continue;
      for (const fate of fatesOf(row, all)) {
        // Nobody asks for rewards that wait: they are read with the block that pays them.
        if (kind === 's' && decodeEntry(fromHex(row[1])).TAG === 'pending') {
          await live([[row[0], fate]]);
          continue;
        }
        tried++;
        const { rebuilt, mended } = await live([[row[0], fate]]);
        if (rebuilt || mended > 0) repaired++;
      }
    }
    // Undo isn't read, and a page only where a question leads through it.
    if ('stao'.includes(kind)) expect([kind, repaired]).toEqual([kind, tried]);
  });

  test('comes back that a reorganisation had taken away', async () => {
    const gone = new Map<string, string>();
    for (const then of earlier) for (const [key, value] of then) if (!rows.has(key)) gone.set(key, value);
    expect(new Set([...gone].map(kindOf))).toEqual(new Set(['a', 'o', 'p', 's', 't', 'u']));
    for (const [key, value] of gone) await live([[key, value]]);
  });

  test('goes back in time together with all of its kind', async () => {
    for (const kind of ['s', 'p', 't', 'a', 'o', 'm']) {
      for (const then of earlier.slice(0, -1)) {
        const back = [...rows].filter((row) => kindOf(row) === kind && !row[0].startsWith('6d63'));
        const old = [...then].filter((row) => kindOf(row) === kind);
        await live([...back.map(([key]) => [key, null] as const), ...old]);
      }
    }
  });
});

describe('a scrub finds what nobody asks for', { timeout: 180_000 }, () => {
  test.each(['t', 'a', 'o'])('%s, and mends it', async (kind) => {
    const all = [...rows];
    for (const row of all.filter((each) => kindOf(each) === kind)) {
      for (const fate of fatesOf(row, all)) {
        const store = tamper([[row[0], fate]]);
        const ledger = await openLedger(store);
        const scrub = new Scrub(ledger);
        while (!(await scrub.step()));
        expect([scrub.rounds, ledger.mender.mended]).toEqual([1, 1]);
        expect(await rowsOf(store, 'qci')).toEqual(await rowsOf(sound, 'qci'));
      }
    }
  });

  test('s and u, which the blocks make again', async () => {
    const all = [...rows];
    for (const row of all.filter((each) => ['s', 'u'].includes(kindOf(each)))) {
      const store = tamper([]);
      const ledger = await openLedger(store);
      store.put([[fromHex(row[0]), null]]);
      const scrub = new Scrub(ledger);
      const look = async (): Promise<void> => {
        while (!(await scrub.step()));
      };
      expect([row[0], await look().catch((error) => error.name)]).toEqual([row[0], 'CorruptStoreError']);
    }
  });

  test('and nothing in a sound store', async () => {
    const ledger = await openLedger(tamper([]));
    const scrub = new Scrub(ledger);
    while (!(await scrub.step()));
    expect([scrub.rounds, ledger.mender.mended]).toEqual([1, 0]);
  });
});

test('what was undone on a store without some of its undo is right, too', async () => {
  const wanted = expectedAnswers(chain, 'c8', subjects);
  for (const [key] of [...rows].filter((each) => kindOf(each) === 'u')) {
    let opened = await reopen(tamper([[key, null]]));
    try {
      await settle(opened.ledger);
      await feed(opened.ledger, chain, LATER);
    } catch (error) {
      if (!(error instanceof CorruptStoreError)) throw error;
      opened = await reopen(await emptied(opened.store));
      await settle(opened.ledger);
      await feed(opened.ledger, chain, LATER).catch(() => settle(opened.ledger));
    }
    const found = await askEverything(opened.ledger, subjects);
    for (const [question, answer] of wanted)
      expect([question, found.get(question)]).toEqual([question, answer]);
  }
});

test('addresses of the test have names', () =>
  expect(subjects.addresses).toContain(toHex(addressFor('dave'))));
