/** Owns asking nodes for a proof: an answer that proves nothing, or something else, is a node's failure, and the next is asked. */
import { formatAddress } from '../../chain/format/address.ts';
import { equalBytes, fromHex, toHex } from '../../chain/format/bytes.ts';
import type { ProofSubject } from '../../chain/ledger/proofs.ts';
import { hex, object } from '../answers.ts';
import type { RpcClient } from '../client.ts';
import { WalletError } from '../errors.ts';
import type { VerifiedProof } from './verify.ts';

/** A file and what it proves. */
export interface ProofAnswer {
  readonly bytes: Uint8Array;
  readonly proof: VerifiedProof;
}

const answer = object({ proof: hex });

/**
 * The first proof of `subject` that `verify` finds good; `verify` throws for the others. Throws `RpcError` if a node
 * refuses, `NoNodeError` naming what was wrong with each node's answer.
 */
export function askForProof(
  rpc: RpcClient,
  subject: ProofSubject,
  verify: (bytes: Uint8Array) => VerifiedProof,
): Promise<ProofAnswer> {
  const { method, params } = callOf(subject);
  const check = (result: unknown): ProofAnswer => {
    const bytes = fromHex(answer(result, method).proof);
    const proof = verify(bytes);
    if (!isAbout(subject, proof)) throw new WalletError('BAD_ANSWER', `${method} proves something else`);
    return { bytes, proof };
  };
  return rpc.call(method, params, { check });
}

function callOf(subject: ProofSubject): { method: string; params: object } {
  switch (subject.kind) {
    case 'account':
      return { method: 'proveAccount', params: { address: formatAddress(subject.address) } };
    case 'record':
      return { method: 'proveRecord', params: { id: toHex(subject.record) } };
    case 'supply':
      return { method: 'proveSupply', params: {} };
    case 'transaction':
      return { method: 'proveTransaction', params: { id: toHex(subject.id) } };
    case 'block':
      return { method: 'proveBlock', params: { id: toHex(subject.id) } };
    case 'accountHistory': {
      const { address, last } = subject;
      const params = { address: formatAddress(address), ...(last !== undefined && { last }) };
      return { method: 'proveHistory', params };
    }
    case 'recordHistory': {
      const { record, last } = subject;
      return {
        method: 'proveHistory',
        params: { record: toHex(record), ...(last !== undefined && { last }) },
      };
    }
  }
}

function isAbout(asked: ProofSubject, proof: VerifiedProof): boolean {
  if (asked.kind !== proof.kind) return false;
  if (proof.kind === 'accountHistory' || proof.kind === 'recordHistory') {
    const { last } = asked as Extract<ProofSubject, { last?: unknown }>;
    const { earlier, transactions } = proof.value;
    if (earlier > 0 && transactions.length !== last) return false;
  }
  const wanted = subjectOf(asked);
  return wanted === null || (proof.subject !== null && equalBytes(wanted, proof.subject));
}

function subjectOf(asked: ProofSubject): Uint8Array | null {
  if ('address' in asked) return asked.address;
  if ('record' in asked) return asked.record;
  return 'id' in asked ? asked.id : null;
}
