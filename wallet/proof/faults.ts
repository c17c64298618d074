/** Owns what can be wrong with a proof: each with a stable code, what it means, and what to do about it. */

/** In the order in which they are looked for: of several faults the first is named. */
const TABLE = {
  NOT_A_PROOF: ['this is no proof of Pier', 'make one with: pier prove balance WHO -o FILE'],
  PROOF_VERSION: ['the proof is of a version this program does not know', 'update Pier'],
  PROOF_DAMAGED: ["the file was changed or cut since it was made: its hash doesn't match", 'get it again'],
  PROOF_MALFORMED: ['the proof is not written as the format says', 'make it again'],
  OTHER_LEDGER: [
    "the proof is not of this ledger: the tip's history doesn't begin with this genesis",
    "give the ledger's genesis.json with --genesis",
  ],
  NO_WORK: ['a header has no valid proof of work', ''],
  NOT_IN_CHAIN: ["the proved block is not in the tip's history", ''],
  BAD_PATH: ['what it says is not what the block commits to', ''],
  BAD_VALUE: ['the block commits to something that no ledger can hold', ''],
  BAD_HISTORY: ['the transactions are not those the history hash and count commit to', ''],
  BAD_SIGNATURE: ["the transaction's signature is wrong", ''],
} as const satisfies Record<string, readonly [string, string]>;

export type ProofFaultCode = keyof typeof TABLE;

/** Every code with its meaning and hint, for the documentation and its tests. */
export const PROOF_FAULTS: Readonly<Record<ProofFaultCode, readonly [string, string]>> = TABLE;

/** The proof proves nothing. `detail` says which part of it is wrong. */
export class ProofError extends Error {
  override readonly name = 'ProofError';
  readonly code: ProofFaultCode;
  readonly hint: string;
  constructor(code: ProofFaultCode, detail = '') {
    super(detail === '' ? TABLE[code][0] : `${TABLE[code][0]} (${detail})`);
    this.code = code;
    this.hint = TABLE[code][1];
  }
}
