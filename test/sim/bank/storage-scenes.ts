/**
 * Owns the scenes about a store that answers wrongly without a word: rows that are gone or old are found out, and what is
 * mended is of the branch that is followed. They need no network: a ledger is told of drawn blocks.
 */
import { CorruptStoreError } from '../../../chain/errors.ts';
import { fromHex } from '../../../chain/format/bytes.ts';
import { EarlierState } from '../../../chain/ledger/earlier-state.ts';
import type { Ledger } from '../../../chain/ledger/ledger.ts';
import { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import { getAccounts, getHistory } from '../../../chain/ledger/queries.ts';
import { Scrub } from '../../../chain/ledger/scrub.ts';
import { accountRef, decodeAccount } from '../../../chain/state/entries.ts';
import { addressFor, give, put, recordFor, transfer } from '../../chain/actors.ts';
import { ChainBuilder } from '../../chain/builder.ts';
import { askEverything, expectedAnswers, subjectsOf } from '../../chain/ledger/everything.ts';
import { feed, filesOf, openLedger, rowsOf } from '../../chain/ledger/life.ts';
import { demand, type Scene } from './stage.ts';

const MAIN = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'];
const RIVAL = ['b3', 'b4', 'b5', 'b6', 'b7'];
const ALICE = addressFor('alice');

function draw(): ChainBuilder {
  const chain = new ChainBuilder();
  for (const [i, name] of MAIN.entries()) {
    const transactions = [transfer('alice', 'bob', 10 + i), transfer('bob', 'carol', 1 + i)];
    if (i === 0) transactions.push(put('alice', 'notes', 'one'), put('alice', 'other', 'two'));
    // More than on the other branch.
    if (i === 4) transactions.push(transfer('alice', 'dave', 3), transfer('alice', 'dave', 4));
    if (i === 3) transactions.push(give('alice', recordFor('alice', 'notes'), 'bob'));
    chain.block(name, { transactions });
  }
  for (const [i, name] of RIVAL.entries())
    chain.block(name, {
      ...(i === 0 ? { on: 'a2' } : {}),
      transactions: [transfer('alice', 'carol', 20 + i)],
    });
  return chain;
}

const open = (chain: ChainBuilder, store: MemoryStore, pause?: () => Promise<void>): Promise<Ledger> =>
  openLedger(store, { params: chain.params, ...(pause && { pause }) });

/** All answers on this store are the model's, or it says that it is damaged. */
async function demandRight(
  chain: ChainBuilder,
  store: MemoryStore,
  tip: string,
  what: string,
): Promise<void> {
  const subjects = subjectsOf(chain, [...MAIN, ...RIVAL]);
  try {
    const ledger = await open(chain, store);
    if (chain.nameOf(ledger.tip.key) !== tip) return;
    const found = await askEverything(ledger, subjects);
    for (const [question, answer] of expectedAnswers(chain, tip, subjects))
      demand(found.get(question) === answer, `${what}: ${question.slice(0, 40)} is answered wrongly`);
    const { accounts } = chain.get(tip).state!;
    const value = await getAccounts(ledger, [ALICE]);
    const wanted = accounts.get(Buffer.from(ALICE).toString('hex'))!.balance;
    demand(BigInt(value.value[0]!.balance) === wanted, `${what}: a balance is wrong`);
  } catch (error) {
    if (!(error instanceof CorruptStoreError)) throw error;
  }
}

/** Each row that follows from the blocks is lost, or as it was some blocks before. */
async function silentRows(): Promise<void> {
  const chain = draw();
  const store = new MemoryStore();
  const ledger = await open(chain, store);
  await feed(ledger, chain, MAIN.slice(0, 3));
  const before = await rowsOf(store, 'qcmu');
  await feed(ledger, chain, MAIN.slice(3));
  for (const [key, value] of await rowsOf(store, 'qcmu')) {
    const kind = String.fromCharCode(Number.parseInt(key.slice(0, 2), 16));
    for (const other of [undefined, before.get(key)]) {
      if (other === value) continue;
      const tampered = store.copy();
      filesOf(tampered, filesOf(store));
      tampered.put([[fromHex(key), other === undefined ? null : fromHex(other)]]);
      await demandRight(
        chain,
        tampered,
        'a6',
        `a row of kind ${kind} is ${other === undefined ? 'lost' : 'old'}`,
      );
    }
  }
}

/** What is in memory of one tip is no answer for another. */
async function movingTip(): Promise<void> {
  const chain = draw();
  const ledger = await open(chain, new MemoryStore());
  const earlier = new EarlierState(ledger);
  const balanceAt = (name: string): bigint =>
    chain.get(name).state!.accounts.get(Buffer.from(ALICE).toString('hex'))!.balance;
  for (const name of [...MAIN, ...RIVAL]) {
    await feed(ledger, chain, [name]);
    const tip = chain.nameOf(ledger.tip.key);
    const { value } = await getAccounts(ledger, [ALICE]);
    demand(BigInt(value[0]!.balance) === balanceAt(tip), `a balance at ${tip} is of another block`);
    const below = ledger.tip.parent!;
    if (below.height === 0) continue;
    const [proved] = (await earlier.prove(below, [accountRef(ALICE)])).value;
    const then = decodeAccount(proved!.bytes!).balance;
    demand(
      BigInt(then) === balanceAt(chain.nameOf(below.key)),
      'a balance of an earlier block is of another',
    );
  }
}

/** While a history is mended, the chain changes to another branch. */
async function mendingAcrossBranches(): Promise<void> {
  const chain = draw();
  const fresh = new MemoryStore();
  await feed(await open(chain, fresh), chain, [...MAIN.slice(0, 2), ...RIVAL]);
  const store = new MemoryStore();
  let ledger: Ledger | null = null;
  let armed = false;
  ledger = await open(chain, store, async () => {
    if (!armed) return;
    armed = false;
    await feed(ledger!, chain, RIVAL);
  });
  await feed(ledger, chain, MAIN);
  const rows = await rowsOf(store, 'qcmuspoti');
  // The newest touches are of the branch that is about to be left.
  for (const key of [...rows.keys()].slice(1)) store.put([[fromHex(key), null]]);
  armed = true;
  await getHistory(ledger, ALICE, 100).catch(() => undefined);
  const scrub = new Scrub(ledger);
  while (!(await scrub.step()));
  const wanted = await rowsOf(fresh, 'qci');
  demand(ledger.tip.height === 7, 'the rival is followed');
  for (const [key, value] of await rowsOf(store, 'qci'))
    demand(wanted.get(key) === value, `row ${key.slice(0, 20)} is not of the branch that is followed`);
}

export const storageScenes: Readonly<Record<string, Scene>> = {
  'silent rows': silentRows,
  'moving tip': movingTip,
  'mending across branches': mendingAcrossBranches,
};
