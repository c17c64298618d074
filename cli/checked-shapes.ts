/** Owns turning what was proved into the answers that commands show, so that checked and believed ones look the same. */
import { fromHex, toHex } from '../chain/format/bytes.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import type { Account, LedgerRecord } from '../chain/state/entries.ts';
import { accountJson, headerJson, recordJson, sizeOf, transactionJson } from '../node/rpc/summaries.ts';
import type { Agreement } from '../wallet/checked/agreement.ts';
import type { CheckedBlock } from '../wallet/checked/block-answers.ts';
import type { PlacedHeader } from '../wallet/checked/session.ts';
import { endOfBranch } from '../wallet/headers/verified-chain.ts';
import * as answers from '../wallet/ledger-answers.ts';

/** The agreed block, as answers name it. */
export function agreedTip({ header }: Agreement): { height: number; id: string } {
  return { height: header.header.height, id: toHex(header.id) };
}

/** Blocks from this one to the end that counts: the agreed header, or the node's own tip for what is above that. */
export function confirmationsOf({ header, agreed }: PlacedHeader, agreement: Agreement): number {
  const end = agreed ? agreement.header : endOfBranch(agreement.branch);
  return end.header.height - header.height + 1;
}

export function blockAnswer(block: CheckedBlock, agreement: Agreement): answers.BlockAnswer {
  const { header, id, work, transactions } = block;
  const json = {
    ...headerJson({ key: toHex(id), height: header.height, header, work }),
    active: true,
    confirmations: confirmationsOf(block, agreement),
    transactions: transactions.map(transactionJson),
    size: sizeOf(transactions),
    tip: agreedTip(agreement),
  };
  return answers.block(json, 'block');
}

export function summaryOf(transaction: Transaction): answers.TransactionSummary {
  return answers.summary(transactionJson(transaction), 'transaction');
}

export function recordAnswer(id: string, record: LedgerRecord, agreement: Agreement): answers.RecordAnswer {
  return answers.record({ ...recordJson(fromHex(id), record), tip: agreedTip(agreement) }, 'record');
}

/** `nextNonce` counts nothing that waits: that is a node's word. */
export function accountAnswer(
  address: Uint8Array,
  account: Account | null,
  agreement: Agreement,
): answers.AccountAnswer {
  const json = {
    ...accountJson(address, account),
    nextNonce: account?.nonce ?? 0,
    tip: agreedTip(agreement),
  };
  return answers.account(json, 'account');
}
