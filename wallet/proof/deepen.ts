/**
 * Owns seeing an old proof from a later tip: what it shows stays the same, and more work stands on it. The later tip
 * comes from a proof of the same block. Holds no state.
 */
import { equalBytes } from '../../chain/format/bytes.ts';
import { type Anchor, encodeProofFile, type Proof } from '../../chain/proof/proof-file.ts';
import { ProofError } from './faults.ts';
import { readProof } from './verify.ts';

/**
 * The proof `bytes`, as seen from the tip of `later`, a proof of kind 'block' of the block it is about. Nothing is
 * verified: whoever gets the result verifies it. Throws `ProofError` if they are about different blocks.
 */
export function deepenProof(bytes: Uint8Array, later: Uint8Array): Uint8Array {
  const proof = readProof(bytes);
  const { TAG, data } = readProof(later);
  if (TAG !== 'block') throw new ProofError('PROOF_MALFORMED', 'not a proof of a block');
  if (!equalBytes(blockOf(proof.data), blockOf(data))) {
    throw new ProofError('NOT_IN_CHAIN', 'the proofs are of different blocks');
  }
  return encodeProofFile({ TAG: proof.TAG, data: { ...proof.data, ...data } } as Proof);
}

const blockOf = ({ tip, block }: Anchor): Uint8Array => block?.header ?? tip;
