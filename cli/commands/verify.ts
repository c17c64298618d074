/** Owns `pier verify FILE`: a proof checked with nothing but a genesis; no node is asked. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { PROOF_BYTES_MAX } from '../../chain/proof/proof-file.ts';
import { ProofError } from '../../wallet/proof/faults.ts';
import type { Context } from '../context.ts';
import { CliError } from '../faults.ts';
import { findLedgers, verifyAmong } from '../known-ledgers.ts';
import { describeProof, documentOf } from '../proof-report.ts';

export interface VerifyOptions {
  readonly genesis?: string;
}

export async function run(context: Context, file: string, options: VerifyOptions): Promise<void> {
  const bytes = readProofFile(file);
  const found = verifyAmong(await findLedgers(context, options.genesis), bytes);
  context.output.result(documentOf(found), () => describeProof(found));
}

function readProofFile(path: string): Uint8Array {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error;
    throw new CliError(
      'NO_FILE',
      `there is no file ${path}`,
      'make a proof with: pier prove balance WHO -o FILE',
    );
  }
  try {
    if (fstatSync(handle).size > PROOF_BYTES_MAX)
      throw new ProofError('NOT_A_PROOF', 'it is too large for one');
    return new Uint8Array(readFileSync(handle));
  } finally {
    closeSync(handle);
  }
}
