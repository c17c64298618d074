/** Owns what a node shows of a user's account: as it stands at the tip, and behind what the user has waiting there. */
import { authKeyOf } from '../chain/format/address.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import { stateRow } from '../chain/ledger/store-keys.ts';
import { type Account, accountRef, decodeAccount } from '../chain/state/entries.ts';
import type { SimNode } from './node.ts';

export interface Standing {
  /** At the tip; `null` if there is none. */
  readonly account: Account | null;
  /** What waits, lowest nonce first. */
  readonly queue: readonly Transaction[];
}

/** What a running node shows of these addresses, in order. */
export async function standingsOf(node: SimNode, addresses: readonly Uint8Array[]): Promise<Standing[]> {
  const { pool } = node.reactor!;
  const rows = await node.disk.content.getMany(addresses.map((address) => stateRow(accountRef(address).key)));
  return addresses.map((address, i) => ({
    account: rows[i] === undefined ? null : decodeAccount(rows[i]),
    queue: pool.queueOf(address).map(({ transaction }) => transaction),
  }));
}

/** The nonce that comes next. */
export function nextNonce({ account, queue }: Standing): number {
  return (account?.nonce ?? 0) + queue.length;
}

/** Hash of the key that may sign with this nonce; none before the first transaction. */
export function authKeyFor({ account, queue }: Standing, nonce: number): Uint8Array | undefined {
  let key = account?.authKey ?? undefined;
  for (const { nonce: at, body } of queue)
    if (at < nonce && body.TAG === 'rotate') key = authKeyOf(body.data.scheme, body.data.publicKey);
  return key;
}
