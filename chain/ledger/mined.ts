/**
 * Owns where transactions of the active chain are, found by their ids. What is found is shown by the block, that there is
 * none by the index of ids.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { transactionBytesAt } from '../format/block.ts';
import { equalBytes } from '../format/bytes.ts';
import { DOMAIN, hash } from '../format/hash.ts';
import { decodeTransaction, type Transaction } from '../format/transaction.ts';
import { accountRef, decodeAccount } from '../state/entries.ts';
import type { Budget } from './block-ids.ts';
import { DamagedMined, MissingBody } from './damage.ts';
import { IdIndex } from './id-index.ts';
import type { Ledger } from './ledger.ts';
import { readMined } from './place.ts';
import { transactionRow } from './store-keys.ts';
import { type Answer, atTip, getEntries, type TipView } from './tip-view.ts';
import { unlessLost } from './whole-rows.ts';

/** Where a transaction was mined. */
export interface Mined {
  readonly block: HeaderNode;
  /** Place in the block, from 0. */
  readonly index: number;
  readonly transaction: Transaction;
}

/**
 * Where a transaction stands in the active chain; `null` if it doesn't. `complete` is false if it wasn't found and the
 * node can't tell yet that it is in no block: it is still checking which ids old blocks hold.
 */
export function getMined(
  ledger: Ledger,
  id: Uint8Array,
  budget = IdIndex.budget(),
): Promise<Answer<Mined | null> & { readonly complete: boolean }> {
  return ledger.mender.whole(async () => {
    const { tip, value } = await atTip(ledger, (view) => look(ledger, view, id, budget));
    return { tip, value: value.mined, complete: value.complete };
  });
}

async function look(
  ledger: Ledger,
  view: TipView,
  id: Uint8Array,
  budget: Budget,
): Promise<{ mined: Mined | null; complete: boolean }> {
  const [row] = await view.rows([transactionRow(id)]);
  const place = row === undefined ? null : readMined(row, (height) => view.blockAt(height));
  const body = place === null ? null : await view.body(place.block);
  if (place !== null && body === null) throw new MissingBody(place.block.key);
  const bytes = body === null ? null : transactionBytesAt(body, place!.index);
  if (bytes !== null && equalBytes(hash(DOMAIN.transaction, bytes), id)) {
    const { block, index } = place!;
    return { mined: { block, index, transaction: decodeTransaction(bytes) }, complete: true };
  }
  const { heights, complete } = await ledger.ids.find(id, budget);
  for (const height of heights) {
    const block = view.blockAt(height)!;
    const transactions = await ledger.readTransactions(block);
    if (transactions === null) throw new MissingBody(block.key);
    const index = transactions.findIndex((tx) => equalBytes(tx.id, id));
    if (index >= 0) throw new DamagedMined(id, { height, index });
  }
  if (row !== undefined && complete) throw new DamagedMined(id, null);
  return { mined: null, complete };
}

/** For each id, the height of the block of the active chain that its row names, `null` if it is in none. */
export async function getMinedHeights(
  ledger: Ledger,
  ids: readonly Uint8Array[],
): Promise<(number | null)[]> {
  if (ids.length === 0) return [];
  const { value } = await atTip(ledger, async (view) => {
    const rows = await view.rows(ids.map(transactionRow));
    return rows.map((row) => {
      const place = row === undefined ? null : readMined(row, (height) => view.blockAt(height));
      return place?.height ?? null;
    });
  });
  return value;
}

/** For each id, whether its row says that it has been mined in the active chain. */
export async function areMined(ledger: Ledger, ids: readonly Uint8Array[]): Promise<boolean[]> {
  return (await getMinedHeights(ledger, ids)).map((height) => height !== null);
}

/**
 * Keys of those of some well-signed transactions that are mined. Only one whose nonce its sender's account has used can be,
 * so that no others are looked for. A row that names a lost block is believed. One without a row is taken not to be mined
 * while the index of ids is incomplete: its nonce is used, so that it is refused in any case, only for another reason.
 */
export async function findMined(ledger: Ledger, transactions: readonly Transaction[]): Promise<Set<string>> {
  const mined = new Set<string>();
  if (transactions.length === 0) return mined;
  const { value: accounts } = await getEntries(
    ledger,
    transactions.map(({ sender }) => accountRef(sender)),
  );
  const used = transactions.filter(({ nonce }, i) => {
    const bytes = accounts[i]!;
    return bytes !== null && nonce < decodeAccount(bytes).nonce;
  });
  // In the order of ids, neighbours share chunks of the index.
  used.sort((a, b) => (a.key < b.key ? -1 : 1));
  const budget = IdIndex.budget();
  for (const { id, key } of used) {
    const found = await unlessLost(getMined(ledger, id, budget));
    const [isNamed] = found === null ? await areMined(ledger, [id]) : [found.value !== null];
    if (isNamed === true) mined.add(key);
  }
  return mined;
}
