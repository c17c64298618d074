/**
 * Owns answers about blocks and what is in them: a header is of the chain if it is one of those checked, or has its place
 * in the history of the agreed one; a body if the header commits to it.
 */

import { workOf } from '../../chain/consensus/difficulty.ts';
import { checkBody, decodeBody } from '../../chain/format/block.ts';
import { equalBytes, fromHex, toHex } from '../../chain/format/bytes.ts';
import { decodeHeader, headerId } from '../../chain/format/header.ts';
import { decodeTxProof, verifyTxProof } from '../../chain/format/merkle.ts';
import { decodeTransaction, type Transaction } from '../../chain/format/transaction.ts';
import { decodeProofFile } from '../../chain/proof/proof-file.ts';
import { hex, object } from '../answers.ts';
import { expose, NodeLie, Unsettled } from '../headers/faults.ts';
import { checkSample } from '../headers/sampling.ts';
import { contextAt, endOfBranch } from '../headers/verified-chain.ts';
import { RpcError } from '../rpc-errors.ts';
import type { PlacedHeader, Session } from './session.ts';

const bodyAnswer = object({ body: hex });
const proofAnswer = object({ proof: hex });

/** The header at a height of the chain, with `node` to show its place; `null` if the chain ends below. */
export async function headerAt(session: Session, node: string, height: number): Promise<PlacedHeader | null> {
  const { header: top, branch } = session.agreement;
  const known = contextAt(branch.contexts, height);
  if (known !== undefined) {
    return { header: known.header, id: known.id, work: known.work, agreed: height <= top.header.height };
  }
  if (height > endOfBranch(branch).header.height) return null;
  await placeHeaders(session, node, [height]);
  return session.placed.get(height)!;
}

/** Has the node show the places of these headers of the chain, as far as they aren't known. Throws `NodeLie`. */
export async function placeHeaders(
  session: Session,
  node: string,
  heights: readonly number[],
): Promise<void> {
  const { header: top, branch } = session.agreement;
  const first = branch.contexts[0]!.header.height;
  const missing = [...new Set(heights)].filter((height) => height < first && !session.placed.has(height));
  if (missing.length === 0) return;
  const samples = await session.source(node).samples(top.id, { heights: missing });
  for (const [i, sample] of samples.entries()) {
    const { header, below } = expose('a header it sends', () =>
      checkSample(session.ledger.params, top, sample, null),
    );
    if (header.height !== missing[i]) throw new NodeLie(`it sends header ${header.height} for ${missing[i]}`);
    const work = below + workOf(header.bits);
    session.placed.set(header.height, { header, id: headerId(header), work, agreed: true });
  }
}

export interface CheckedBlock extends PlacedHeader {
  readonly transactions: readonly Transaction[];
}

/** A block of the chain by its height; `null` if the chain ends below. */
export function checkedBlock(session: Session, height: number): Promise<CheckedBlock | null> {
  return session.ask(async (node) => {
    const placed = await headerAt(session, node, height);
    if (placed === null) return null;
    // The genesis has a state and no body; its root is that of the parameters.
    if (height === 0) return { ...placed, transactions: [] };
    const { body } = bodyAnswer(await session.rpc.callOn(node, 'body', { id: toHex(placed.id) }), 'body');
    const transactions = expose(`the body it sends for block ${height}`, () => {
      const found = decodeBody(fromHex(body));
      checkBody(placed.header, found, session.ledger.params.limits);
      return found;
    });
    return { ...placed, transactions };
  });
}

export interface CheckedTransaction {
  readonly block: PlacedHeader;
  readonly index: number;
  readonly transaction: Transaction;
}

/** The id and the place, as an item of a history begins. */
export function placeOf({ block, index, transaction }: CheckedTransaction) {
  return {
    id: transaction.key,
    height: block.header.height,
    block: toHex(block.id),
    index,
    time: block.header.time,
  };
}

/** The transaction with its place in the chain; `null` if none of the nodes that agree can show that it is there. */
export async function checkedTransaction(session: Session, id: string): Promise<CheckedTransaction | null> {
  for (const node of session.agreement.nodes) {
    // One that is only compared is as good to ask: it has to show the place.
    try {
      const answer = proofAnswer(
        await session.rpc.callOn(node, 'proveTransaction', { id }),
        'proveTransaction',
      );
      return await placeTransaction(session, node, id, fromHex(answer.proof));
    } catch (error) {
      if (error instanceof Unsettled || (error instanceof RpcError && error.ledgerCode === 'NOT_MINED'))
        continue;
      session.object(node, error);
    }
  }
  return null;
}

/** What a proof's file shows, held against the headers checked here. Throws `NodeLie`. */
export async function placeTransaction(
  session: Session,
  node: string,
  id: string,
  file: Uint8Array,
): Promise<CheckedTransaction> {
  const what = `its proof of transaction ${id.slice(0, 10)}…`;
  const proof = expose(what, () => decodeProofFile(file));
  if (proof.TAG !== 'transaction') throw new NodeLie(`${what} proves something else`);
  const { data } = proof;
  const header = expose(what, () => decodeHeader(data.block?.header ?? data.tip));
  const transaction = expose(what, () => decodeTransaction(data.transaction));
  const path = expose(what, () => decodeTxProof(data.path));
  if (transaction.key !== id) throw new NodeLie(`${what} is of another transaction`);
  if (!verifyTxProof(header.txRoot, transaction.id, path)) {
    throw new NodeLie(`${what} does not lead to the transactions of block ${header.height}`);
  }
  const block = await headerAt(session, node, header.height);
  if (block === null || !equalBytes(block.id, headerId(header))) {
    if (header.height > session.agreement.header.header.height)
      throw new Unsettled(`block ${header.height} is new`);
    throw new NodeLie(`${what} is of a block ${header.height} that is not on the chain`);
  }
  return { block, index: path.index, transaction };
}
