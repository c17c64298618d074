/** Owns how a verified proof is told: what it shows, as of when, on how much work, and what nobody checked. */
import { formatAddress } from '../chain/format/address.ts';
import { formatPier, sumOf } from '../chain/format/amount.ts';
import { toHex } from '../chain/format/bytes.ts';
import { showBytes } from '../chain/format/text.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import type { SeenHeader } from '../wallet/proof/anchor.ts';
import type { VerifiedProof } from '../wallet/proof/verify.ts';
import type { LedgerChoice } from './known-ledgers.ts';
import { countOf, formatTime, layFacts, shortId } from './layout.ts';

export interface FoundProof {
  readonly proof: VerifiedProof;
  readonly choice: LedgerChoice;
}

type Facts = readonly (readonly [string, string | null])[];

/** For programs. Amounts in PIER, work as decimal strings. */
export function documentOf({ proof, choice }: FoundProof): object {
  const place = ({ header, id }: SeenHeader) => ({ height: header.height, id: toHex(id), time: header.time });
  return {
    kind: proof.kind,
    ...claimDocument(proof),
    block: place(proof.block),
    tip: place(proof.tip),
    work: String(proof.work),
    workOnTop: String(proof.workOnTop),
    workChecked: String(proof.workChecked),
    ledger: {
      name: choice.ledger.params.name,
      chainId: toHex(choice.ledger.chainId),
      genesis: choice.source,
    },
    notChecked: proof.notChecked,
  };
}

/** For people. */
export function describeProof({ proof, choice }: FoundProof): string {
  const { block, tip, work, workOnTop, workChecked, notChecked } = proof;
  const { height, time } = block.header;
  const blocks = tip.header.height - height + 1;
  return layFacts([
    ...claimFacts(proof),
    ['as of', `block ${height}, ${formatTime(time)}, ${toHex(block.id)}`],
    ['seen from', tip.header.height === height ? null : `block ${tip.header.height}, ${toHex(tip.id)}`],
    [
      'work',
      `${workOnTop} hashes in ${countOf(blocks, 'block')} from it on, of ${work}; ${workChecked} checked here`,
    ],
    ['ledger', `${choice.ledger.params.name} ${shortId(toHex(choice.ledger.chainId))}, by ${choice.source}`],
    ...notChecked.map((text, i): [string, string] => [i === 0 ? 'not checked' : '', `- ${text}`]),
  ]);
}

function claimDocument(proof: VerifiedProof): object {
  switch (proof.kind) {
    case 'block':
      return {};
    case 'account': {
      const { subject, value } = proof;
      return {
        address: formatAddress(subject),
        exists: value !== null,
        balance: formatPier(value?.balance ?? 0),
        nonce: value?.nonce ?? 0,
        deposits: formatPier(value?.deposits ?? 0),
        locked: value?.locked ?? false,
        historyCount: value?.historyCount ?? 0,
      };
    }
    case 'record': {
      const { subject, value } = proof;
      if (value === null) return { record: toHex(subject), exists: false };
      return {
        record: toHex(subject),
        exists: true,
        owner: formatAddress(value.owner),
        creator: formatAddress(value.creator),
        name: showBytes(value.name),
        nameHex: toHex(value.name),
        root: toHex(value.root),
        size: value.size,
        mediaType: showBytes(value.mediaType),
        mediaTypeHex: toHex(value.mediaType),
        inline: value.inline === null ? null : toHex(value.inline),
        revision: value.revision,
        dropped: value.dropped,
        deposit: formatPier(value.deposit),
        historyCount: value.historyCount,
      };
    }
    case 'supply': {
      const { issued, burned, deposited } = proof.value;
      return {
        supply: formatPier(issued - burned),
        issued: formatPier(issued),
        burned: formatPier(burned),
        deposited: formatPier(deposited),
      };
    }
    case 'transaction': {
      const { transaction, index, count } = proof.value;
      return { ...transactionDocument(transaction), index, count };
    }
    case 'accountHistory':
      return { address: formatAddress(proof.subject), ...historyDocument(proof.value) };
    case 'recordHistory':
      return { record: toHex(proof.subject), ...historyDocument(proof.value) };
  }
}

function historyDocument(value: { earlier: number; transactions: readonly Transaction[] }): object {
  return { earlier: value.earlier, transactions: value.transactions.map(transactionDocument) };
}

function transactionDocument({ key, sender, nonce, fee, body }: Transaction) {
  const transfer = body.TAG === 'transfer' ? body.data : null;
  const outputs = transfer?.outputs.map(({ to, amount }) => ({
    to: formatAddress(to),
    amount: formatPier(amount),
  }));
  return {
    id: key,
    transaction: body.TAG,
    sender: formatAddress(sender),
    nonce,
    fee: formatPier(fee),
    ...(transfer !== null && { outputs, memo: showBytes(transfer.memo), memoHex: toHex(transfer.memo) }),
  };
}

function claimFacts(proof: VerifiedProof): Facts {
  switch (proof.kind) {
    case 'block':
      return [['proved', `block ${proof.value.height} is in the chain`]];
    case 'account': {
      const { subject, value } = proof;
      const address = formatAddress(subject);
      if (value === null) return [['proved', `there is no account ${address}: nobody has paid to it`]];
      return [
        ['proved', `${address} has ${formatPier(value.balance)} PIER`],
        ['sent', countOf(value.nonce, 'transaction')],
        ['deposits', value.deposits > 0 ? `${formatPier(value.deposits)} PIER` : null],
        ['locked', value.locked ? 'yes: only its recovery account can open it' : null],
      ];
    }
    case 'record': {
      const { subject, value } = proof;
      if (value === null) return [['proved', `there is no record ${toHex(subject)}`]];
      return [
        [
          'proved',
          `${showBytes(value.name)} belongs to ${formatAddress(value.owner)}${dropped(value.dropped)}`,
        ],
        ['record', toHex(subject)],
        ['creator', formatAddress(value.creator)],
        ['revision', `${value.revision}, ${countOf(value.size, 'byte')}, root ${toHex(value.root)}`],
      ];
    }
    case 'supply': {
      const { issued, burned, deposited } = proof.value;
      return [
        ['proved', `there are ${formatPier(issued - burned)} PIER`],
        ['issued', `${formatPier(issued)} PIER, ${formatPier(burned)} of it burned`],
        ['deposits', `${formatPier(deposited)} PIER`],
      ];
    }
    case 'transaction': {
      const { transaction, index, count } = proof.value;
      return [
        ['proved', `transaction ${index + 1} of ${count} in its block: ${summaryOf(transaction)}`],
        ['id', transaction.key],
        ['memo', memoOf(transaction)],
      ];
    }
    case 'accountHistory':
      return historyFacts(formatAddress(proof.subject), proof.value);
    case 'recordHistory':
      return historyFacts(`record ${toHex(proof.subject)}`, proof.value);
  }
}

function historyFacts(
  of: string,
  { earlier, transactions }: { earlier: number; transactions: readonly Transaction[] },
): Facts {
  const { length } = transactions;
  const what =
    earlier === 0
      ? `the whole history of ${of}: ${countOf(length, 'transaction')}, oldest first`
      : `the last ${length} of ${earlier + length} transactions of ${of}, oldest first`;
  return [
    ['proved', what],
    ...transactions.map((tx): [string, string] => ['', `${shortId(tx.key)}  ${summaryOf(tx)}`]),
  ];
}

function summaryOf({ body, sender }: Transaction): string {
  const from = formatAddress(sender);
  if (body.TAG !== 'transfer') return `${body.TAG} by ${from}`;
  const { outputs } = body.data;
  const sum = formatPier(sumOf(outputs.map(({ amount }) => amount)));
  const to = outputs.length === 1 ? formatAddress(outputs[0]!.to) : countOf(outputs.length, 'account');
  return `${sum} PIER from ${from} to ${to}`;
}

/** Null if it has none. */
const memoOf = ({ body }: Transaction): string | null =>
  body.TAG === 'transfer' && body.data.memo.length > 0 ? showBytes(body.data.memo) : null;

const dropped = (yes: boolean): string => (yes ? ', who has dropped it' : '');
