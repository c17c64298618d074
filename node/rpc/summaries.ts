/** Owns how blocks, transactions and accounts look in JSON: amounts are strings of planks, ids hex, addresses bech32m. */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { formatAddress } from '../../chain/format/address.ts';
import { formatPlanks } from '../../chain/format/amount.ts';
import { bytesInBlock, EMPTY_BLOCK_BYTES } from '../../chain/format/block.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { showBytes } from '../../chain/format/text.ts';
import { type Recovery, recordId, type Transaction } from '../../chain/format/transaction.ts';
import type { Account, LedgerRecord } from '../../chain/state/entries.ts';
import type { Reorganisation } from './view.ts';

type Json = Record<string, unknown>;

export function tipJson(node: HeaderNode): Json {
  return { height: node.height, id: node.key };
}

/** What every kind has, and what tells of its own body. */
export function transactionJson(tx: Transaction): Json {
  return {
    id: tx.key,
    kind: tx.body.TAG,
    sender: formatAddress(tx.sender),
    nonce: tx.nonce,
    fee: formatPlanks(tx.fee),
    validUntil: tx.validUntil,
    bytes: tx.bytes.length,
    ...bodyJson(tx),
  };
}

function bodyJson(tx: Transaction): Json {
  const { body } = tx;
  switch (body.TAG) {
    case 'transfer': {
      const outputs = body.data.outputs.map(({ to, amount }) => ({
        to: formatAddress(to),
        amount: formatPlanks(amount),
      }));
      return { outputs, ...textAndHex('memo', body.data.memo) };
    }
    case 'put': {
      const { creator, name, root, size, mediaType, inline } = body.data;
      return {
        record: toHex(recordId(creator, name)),
        creator: formatAddress(creator),
        ...textAndHex('name', name),
        root: toHex(root),
        size,
        ...textAndHex('mediaType', mediaType),
        inlineBytes: inline === null ? null : inline.length,
      };
    }
    case 'give':
      return { record: toHex(body.data.record), to: formatAddress(body.data.to) };
    case 'drop':
      return { record: toHex(body.data.record) };
    case 'rotate':
      return { publicKey: toHex(body.data.publicKey) };
    case 'setRecovery':
      return { recovery: recoveryJson(body.data.recovery) };
    case 'recover':
      return { target: formatAddress(body.data.target), publicKey: toHex(body.data.publicKey) };
    case 'veto':
    case 'claim':
      return { target: formatAddress(body.data.target) };
    case 'revoke':
      return {};
  }
}

export function headerJson(node: Pick<HeaderNode, 'key' | 'height' | 'header' | 'work'>): Json {
  const { header } = node;
  return {
    id: node.key,
    height: node.height,
    previous: toHex(header.previous),
    time: header.time,
    elapsed: header.elapsed,
    bits: header.bits.toString(16).padStart(8, '0'),
    work: String(node.work),
    miner: formatAddress(header.miner),
    historyRoot: toHex(header.historyRoot),
    txRoot: toHex(header.txRoot),
    stateRoot: toHex(header.stateRoot),
    nonce: header.nonce,
  };
}

/** Bytes of a block, header and body. */
export function sizeOf(transactions: readonly Transaction[]): number {
  return transactions.reduce((sum, tx) => sum + bytesInBlock(tx), EMPTY_BLOCK_BYTES);
}

export function accountJson(address: Uint8Array, account: Account | null): Json {
  return {
    address: formatAddress(address),
    exists: account !== null,
    balance: formatPlanks(account?.balance ?? 0),
    nonce: account?.nonce ?? 0,
    deposits: formatPlanks(account?.deposits ?? 0),
    authKey: account?.authKey ? toHex(account.authKey) : null,
    locked: account?.locked ?? false,
    rotatedAt: account?.rotatedAt ?? 0,
    recovery: recoveryJson(account?.recovery ?? null),
    pendingChange: account?.pendingChange
      ? { recovery: recoveryJson(account.pendingChange.recovery), at: account.pendingChange.at }
      : null,
    pendingRecovery: account?.pendingRecovery
      ? { authKey: toHex(account.pendingRecovery.authKey), at: account.pendingRecovery.at }
      : null,
    history: { hash: toHex(account?.history ?? new Uint8Array(32)), count: account?.historyCount ?? 0 },
  };
}

export function recordJson(id: Uint8Array, record: LedgerRecord): Json {
  return {
    id: toHex(id),
    owner: formatAddress(record.owner),
    creator: formatAddress(record.creator),
    ...textAndHex('name', record.name),
    root: toHex(record.root),
    size: record.size,
    ...textAndHex('mediaType', record.mediaType),
    inline: record.inline === null ? null : toHex(record.inline),
    revision: record.revision,
    dropped: record.dropped,
    deposit: formatPlanks(record.deposit),
    history: { hash: toHex(record.history), count: record.historyCount },
  };
}

export function reorganisationJson({ at, from, to, depth, connected, forkHeight }: Reorganisation): Json {
  return { at, from: toHex(from), to: toHex(to), depth, connected, forkHeight };
}

function recoveryJson(recovery: Recovery | null): Json | null {
  return recovery === null ? null : { account: formatAddress(recovery.account), delay: recovery.delay };
}

/** Bytes that people chose: as they are shown, and beside it what they are. */
function textAndHex(name: string, bytes: Uint8Array): Json {
  return { [name]: showBytes(bytes), [`${name}Hex`]: toHex(bytes) };
}
