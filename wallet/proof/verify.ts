/**
 * Owns the verdict on a proof, from its bytes and the genesis alone: what it shows, as of which block, how much work
 * stands on it, and what it leaves open. Pure: it asks no node and no clock, so it runs in a browser too. Holds no state.
 */
import { RuleError } from '../../chain/errors.ts';
import { decodeProofFile, inspectProofFile, type Proof } from '../../chain/proof/proof-file.ts';
import { readAnchor, type SeenAnchor, verifyAnchor } from './anchor.ts';
import { type Claim, readClaim } from './claim.ts';
import { ProofError } from './faults.ts';
import type { KnownLedger } from './known-ledger.ts';
import { listUnchecked } from './unchecked.ts';

/** What is shown, and on what ground. `work`, `workOnTop` and `workChecked` are in expected hashes. */
export type VerifiedProof = Claim &
  SeenAnchor & {
    /** In plain words, what somebody who relies on it has to take from elsewhere. Never empty. */
    readonly notChecked: readonly string[];
  };

/**
 * Throws `ProofError` unless every byte of the proof is as it must be. Its code is the first fault in the order of
 * `PROOF_FAULTS`: structure, ledger, work, history of headers, path, value, history of transactions, signatures.
 */
export function verifyProof(bytes: Uint8Array, ledger: KnownLedger): VerifiedProof {
  const proof = readProof(bytes);
  const read = readAnchor(proof.data);
  const verifyClaim = readClaim(proof);
  const anchor = verifyAnchor(read, ledger);
  const claim = verifyClaim(anchor.block.header, ledger.chainId);
  return { ...claim, ...anchor, notChecked: listUnchecked(claim, anchor) };
}

/** The proof in a file, nothing of it verified. Throws `ProofError`. */
export function readProof(bytes: Uint8Array): Proof {
  const outside = inspectProofFile(bytes);
  if (outside === 'foreign') throw new ProofError('NOT_A_PROOF');
  if (outside === 'version') throw new ProofError('PROOF_VERSION');
  if (outside === 'damaged') throw new ProofError('PROOF_DAMAGED');
  try {
    return decodeProofFile(bytes);
  } catch (error) {
    if (error instanceof RuleError) throw new ProofError('PROOF_MALFORMED', error.message);
    throw error;
  }
}
