/** Owns what a proof leaves open, said in plain words: nobody should believe more than was shown. */
import { toHex } from '../../chain/format/bytes.ts';
import type { SeenAnchor } from './anchor.ts';
import type { Claim } from './claim.ts';

/** One sentence for each thing that was not checked, the gravest first. */
export function listUnchecked(claim: Claim, { tip, block, work, workChecked }: SeenAnchor): string[] {
  const { height } = tip.header;
  const open = [
    height === 0
      ? 'whether the ledger has gone on since its genesis'
      : `whether block ${height} (${toHex(tip.id)}) is on the chain with the most work: ask nodes you trust for it`,
  ];
  if (height > 1) {
    open.push(
      `the work of all the chain, ${work} hashes, is what block ${height} claims; ${workChecked} of them were checked here`,
    );
  }
  if (block.header.height > 0 && claim.kind !== 'block') {
    open.push(
      claim.kind === 'transaction'
        ? 'that the transaction was allowed and what it did: no block was executed here, only its signature was checked'
        : `that the state of block ${block.header.height} follows from the blocks before: none was executed here`,
    );
  }
  return [...open, ...openOf(claim, block.header.height)];
}

function openOf(claim: Claim, height: number): string[] {
  switch (claim.kind) {
    case 'account':
    case 'record':
    case 'supply':
      return [`what happened after block ${height}`];
    case 'accountHistory':
    case 'recordHistory': {
      const { earlier, transactions } = claim.value;
      const open = [`what happened after block ${height}`];
      if (earlier > 0)
        open.push(`what the first ${earlier} of ${earlier + transactions.length} transactions were`);
      if (transactions.length > 0) {
        open.push(
          'the signatures of the transactions, and which block each is in: a proof of each shows that',
        );
      }
      return open;
    }
    case 'transaction':
    case 'block':
      return [];
  }
}
