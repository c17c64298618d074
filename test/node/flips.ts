/**
 * Owns a trial of damage in the files of LevelDB: one bit of one of them is flipped, the ledger is opened, asked
 * everything and compared with the model, and repaired as a node does it. LevelDB may abort the process, so whoever runs
 * many of these does it in processes of their own.
 */
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Level } from 'level';
import { CorruptStoreError } from '../../chain/errors.ts';
import { equalBytes } from '../../chain/format/bytes.ts';
import { Ledger } from '../../chain/ledger/ledger.ts';
import type { Store } from '../../chain/ledger/ports.ts';
import { NodeFiles } from '../../node/disk/node-files.ts';
import { openLevelStore } from '../../node/level-store.ts';
import { moveStoreAside } from '../../node/store-aside.ts';
import { drop, give, put, recordFor, transfer, transferMany } from '../chain/actors.ts';
import { ChainBuilder } from '../chain/builder.ts';
import {
  type Answers,
  askEverything,
  expectedAnswers,
  type Subjects,
  subjectsOf,
} from '../chain/ledger/everything.ts';
import { feed, settle } from '../chain/ledger/life.ts';
import { Random } from '../chain/random.ts';

const BLOCKS = 60;
/** A new start of LevelDB writes its log to a file of its own: older versions of rows stay in older files. */
const BLOCKS_A_START = 12;
/** Kinds of rows that are derived and live: state, pages, places, touches, owners, segments, undo. */
const DERIVED = new Set([...'sptaoiu'].map((letter) => letter.charCodeAt(0)));
const STARTS_MAX = 4;

/** What became of one flip. */
export interface FlipOutcome {
  readonly flip: number;
  /** `file offset.bit`. */
  readonly where: string;
  /** Derived rows that LevelDB alone gives otherwise, or not at all. */
  readonly hit: number;
  /** Rows of these given as an older version, or as missing, though nothing fails. */
  readonly silent: number;
  /** Questions answered wrongly. */
  readonly wrong: readonly string[];
  readonly mended: number;
  /** The store was made again from the block files. */
  readonly rebuilt: boolean;
}

export class Flips {
  readonly #chain = draw();
  readonly #subjects: Subjects;
  readonly #gold: string;
  /** By the tip's name. */
  readonly #answers = new Map<string, Answers>();
  #rows: readonly (readonly [Uint8Array, Uint8Array])[] = [];

  /** `gold` is a folder that `make` has filled, or will. */
  constructor(gold: string) {
    this.#gold = gold;
    this.#subjects = subjectsOf(this.#chain, names());
  }

  async make(): Promise<void> {
    for (let from = 0; from < BLOCKS; from += BLOCKS_A_START) {
      const { store } = await openLevelStore(this.#gold);
      const ledger = await this.#open(this.#gold, store);
      for (const name of names().slice(from, from + BLOCKS_A_START)) await feed(ledger, this.#chain, [name]);
      await ledger.close();
      await store.close();
    }
    const { store } = await openLevelStore(this.#gold);
    await store.close();
  }

  /** Flips the bit that the seed draws as the `flip`th, in a copy at `scratch`. */
  async run(seed: number, flip: number, scratch: string): Promise<FlipOutcome> {
    if (this.#rows.length === 0) this.#rows = (await rawRows(this.#gold)) ?? [];
    rmSync(scratch, { recursive: true, force: true });
    cpSync(this.#gold, scratch, { recursive: true });
    const where = flipBit(join(scratch, 'db'), new Random(seed * 1_000_003 + flip));
    const raw = await this.#compareRows(scratch);
    return { flip, where, ...raw, ...(await this.#live(scratch)) };
  }

  /** What LevelDB alone makes of it, which may change its files as any start does. */
  async #compareRows(folder: string): Promise<{ hit: number; silent: number }> {
    const copy = `${folder}-raw`;
    rmSync(copy, { recursive: true, force: true });
    cpSync(folder, copy, { recursive: true });
    const db = await openRaw(copy);
    if (db === null) return { hit: this.#rows.length, silent: 0 };
    let [hit, silent] = [0, 0];
    const keys = this.#rows.map(([key]) => key);
    const all = await db.getMany(keys).catch(() => null);
    for (const [i, [key, value]] of this.#rows.entries()) {
      const found = all === null ? await db.get(key).catch(() => null) : all[i];
      if (found !== null && found !== undefined && equalBytes(found, value)) continue;
      hit++;
      if (found !== null) silent++;
    }
    await db.close().catch(() => undefined);
    return { hit, silent };
  }

  /** As a node: opens, answers, mends; if that isn't enough, an empty store is filled from the block files. */
  async #live(folder: string): Promise<Pick<FlipOutcome, 'wrong' | 'mended' | 'rebuilt'>> {
    const wrong = new Set<string>();
    let [mended, rebuilt] = [0, false];
    for (let start = 1; start <= STARTS_MAX; start++) {
      const { store, lost } = await openLevelStore(folder);
      rebuilt ||= lost;
      try {
        const ledger = await this.#open(folder, store, () => mended++);
        await settle(ledger);
        const name = this.#chain.nameOf(ledger.tip.key);
        if (ledger.tip.height < BLOCKS) wrong.add(`blocks are missing above ${name}`);
        const found = await askEverything(ledger, this.#subjects);
        for (const [question, answer] of this.#expected(name))
          if (found.get(question) !== answer) wrong.add(question);
        await ledger.close();
        await store.close();
        return { wrong: [...wrong], mended, rebuilt };
      } catch (error) {
        if (!(error instanceof CorruptStoreError)) throw error;
        rebuilt = true;
        await store.close().catch(() => undefined);
        moveStoreAside(folder, 'damaged');
      }
    }
    return { wrong: [...wrong, 'damaged after every start'], mended, rebuilt };
  }

  #expected(tip: string): Answers {
    const known = this.#answers.get(tip);
    if (known !== undefined) return known;
    const answers = expectedAnswers(this.#chain, tip, this.#subjects);
    this.#answers.set(tip, answers);
    return answers;
  }

  #open(folder: string, store: Store, onMend: () => void = () => undefined): Promise<Ledger> {
    return Ledger.open({
      params: this.#chain.params,
      store,
      files: new NodeFiles(join(folder, 'blocks')),
      verifier: { verify: async (checks) => checks.map(() => true) },
      pause: async () => undefined,
      onMend,
    });
  }
}

const names = (): string[] => Array.from({ length: BLOCKS }, (_, i) => `a${i + 1}`);

/** People who pay each other and new accounts, and records that are made, revised, given and dropped. */
function draw(): ChainBuilder {
  const chain = new ChainBuilder();
  const people = ['alice', 'bob', 'carol'];
  for (const [i, name] of names().entries()) {
    const [from, to] = [people[i % 3]!, people[(i + 1) % 3]!];
    const record = recordFor('alice', `r${i % 5}`);
    const transactions = [
      transferMany(from, [
        [to, 100 + i],
        [`new ${i % 20}`, 7],
      ]),
      transfer(to, from, 10 + i),
    ];
    if (i % 10 < 5 && i < 50) transactions.push(put('alice', `r${i % 5}`, `${'x'.repeat(i)}`));
    if (i % 10 === 5) transactions.push(give('alice', record, 'bob'));
    if (i % 10 === 6) transactions.push(give('bob', recordFor('alice', 'r0'), 'alice'));
    if (i === 58) transactions.push(drop('alice', recordFor('alice', 'r3')));
    chain.block(name, { transactions, miner: people[i % 3]! });
  }
  return chain;
}

/** Any bit of any file of the database but its info log, by size. */
function flipBit(folder: string, random: Random): string {
  const files = readdirSync(folder)
    .filter((name) => !/^LOG|^LOCK$/.test(name))
    .sort();
  const sizes = files.map((name) => statSync(join(folder, name)).size);
  let at = random.below(sizes.reduce((sum, size) => sum + size, 0));
  let index = 0;
  while (at >= sizes[index]!) at -= sizes[index++]!;
  const path = join(folder, files[index]!);
  const bit = random.below(8);
  const bytes = readFileSync(path);
  bytes[at]! ^= 1 << bit;
  writeFileSync(path, bytes);
  return `${files[index]} ${at}.${bit}`;
}

async function openRaw(folder: string): Promise<Level<Uint8Array, Uint8Array> | null> {
  const db = new Level<Uint8Array, Uint8Array>(join(folder, 'db'), {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing: false,
  });
  try {
    await db.open();
    return db;
  } catch {
    return null;
  }
}

async function rawRows(folder: string): Promise<[Uint8Array, Uint8Array][] | null> {
  const copy = `${folder}-raw`;
  rmSync(copy, { recursive: true, force: true });
  cpSync(folder, copy, { recursive: true });
  const db = await openRaw(copy);
  const rows = (await db?.iterator().all()) ?? null;
  await db?.close();
  return rows?.filter(([key]) => DERIVED.has(key[0]!)) ?? null;
}
