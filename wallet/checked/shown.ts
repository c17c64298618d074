/**
 * Owns transactions of one account that nodes show above its proved nonce: in blocks newer than the agreed one, and in
 * their mempools. Each is whole and has a valid signature of the account; how many there are nobody is believed.
 * Bounded by the blocks between and by `QUEUE_MAX` of each node.
 */

import { verifyStrict } from '../../chain/crypto/ed25519.ts';
import { authKeyOf, formatAddress } from '../../chain/format/address.ts';
import { checkBody, decodeBody } from '../../chain/format/block.ts';
import { concat, equalBytes, fromHex, toHex } from '../../chain/format/bytes.ts';
import { decodeTransaction, signatureChecks, type Transaction } from '../../chain/format/transaction.ts';
import { type Account, accountRef } from '../../chain/state/entries.ts';
import { hex, list, object } from '../answers.ts';
import { expose, NodeLie } from '../headers/faults.ts';
import { contextAt } from '../headers/verified-chain.ts';
import { RpcError } from '../rpc-errors.ts';
import type { Session } from './session.ts';
import { accountOf, proveOn } from './state-answers.ts';

/** Nodes that are asked for what waits. */
const ASKED = 3;
/** Most transactions that are taken of one node's queue. */
const QUEUE_MAX = 256;
/** JSON-RPC: the node is older than the method. */
const NO_METHOD = -32601;

const queueAnswer = object({ transactions: list(hex) });
const bodyAnswer = object({ body: hex });

/** In the order of their nonces, one each, from the account's proved nonce on, without a gap. */
export async function shownTransactions(
  session: Session,
  address: Uint8Array,
  account: Account,
): Promise<Transaction[]> {
  const found = await minedAbove(session, address, account);
  for (const node of session.rpc.nodes.slice(0, ASKED)) {
    try {
      found.push(...(await queueOn(session, node, address, account.nonce)));
    } catch (error) {
      if (!(error instanceof RpcError && error.code === NO_METHOD)) session.object(node, error);
    }
  }
  return inARow(session, address, account, found);
}

async function queueOn(
  session: Session,
  node: string,
  address: Uint8Array,
  from: number,
): Promise<Transaction[]> {
  const found: Transaction[] = [];
  while (found.length < QUEUE_MAX) {
    const params = { address: formatAddress(address), from: from + found.length };
    const { transactions } = queueAnswer(await session.rpc.callOn(node, 'queue', params), 'queue');
    if (transactions.length === 0) break;
    const page = transactions.map((bytes) =>
      expose('a transaction it shows', () => decodeTransaction(fromHex(bytes))),
    );
    if (page.some(({ nonce }, i) => nonce !== params.from + i)) {
      throw new NodeLie('it shows other transactions than were asked for');
    }
    found.push(...page);
  }
  return found;
}

/** Those in blocks above the agreed one, as the node with the heaviest chain shows them. */
async function minedAbove(session: Session, address: Uint8Array, account: Account): Promise<Transaction[]> {
  const { agreement, top } = session;
  const { node, branch, header } = agreement;
  const found: Transaction[] = [];
  if (top === header) return found;
  try {
    const name = formatAddress(address);
    const wanted = { ref: accountRef(address), param: name, name };
    const later = accountOf(await proveOn(session, node, wanted, top.header, top.id), name);
    if (later === null || later.nonce <= account.nonce) return found;
    for (let height = header.header.height + 1; height <= top.header.height; height++) {
      const { header: at, id } = contextAt(branch.contexts, height)!;
      const { body } = bodyAnswer(await session.rpc.callOn(node, 'body', { id: toHex(id) }), 'body');
      const transactions = expose(`the body it sends for block ${height}`, () => {
        const decoded = decodeBody(fromHex(body));
        checkBody(at, decoded, session.ledger.params.limits);
        return decoded;
      });
      found.push(...transactions.filter(({ sender }) => equalBytes(sender, address)));
    }
  } catch (error) {
    // It may have been reorganised away meanwhile; its mempool shows the same again.
    session.object(node, error);
  }
  return found;
}

/** Each next nonce with a valid signature of the account's key, which a rotation among them may change. */
function inARow(
  session: Session,
  address: Uint8Array,
  account: Account,
  found: readonly Transaction[],
): Transaction[] {
  const { genesis } = session.ledger;
  const row: Transaction[] = [];
  let key = account.authKey;
  for (let nonce = account.nonce; ; nonce++) {
    const next = found.find(
      (one) =>
        one.nonce === nonce &&
        equalBytes(one.sender, address) &&
        one.validUntil > session.agreement.header.header.height &&
        isSignedBy(one, key, address, genesis.id),
    );
    if (next === undefined) return row;
    row.push(next);
    if (next.body.TAG === 'rotate') key = authKeyOf(next.body.data.scheme, next.body.data.publicKey);
  }
}

/** `key` null: the account's first key, whose beginning is its address. */
function isSignedBy(
  transaction: Transaction,
  key: Uint8Array | null,
  address: Uint8Array,
  chainId: Uint8Array,
): boolean {
  const shown = authKeyOf(transaction.scheme, transaction.publicKey);
  const fits = key === null ? equalBytes(shown.subarray(0, 20), address) : equalBytes(shown, key);
  return (
    fits &&
    signatureChecks(transaction, chainId).every(({ publicKey, message, signature }) =>
      verifyStrict(publicKey, concat(...message), signature),
    )
  );
}
