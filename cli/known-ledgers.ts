/**
 * Owns which ledgers a proof is held against: the one of `--genesis`, or else those this folder and this machine have a
 * genesis of. A proof is of one ledger only, so trying several believes nothing that one wouldn't; which it was is told.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RuleError } from '../chain/errors.ts';
import { toHex } from '../chain/format/bytes.ts';
import defaults from '../genesis.json' with { type: 'json' };
import { ProofError } from '../wallet/proof/faults.ts';
import { type KnownLedger, knowLedger } from '../wallet/proof/known-ledger.ts';
import { type VerifiedProof, verifyProof } from '../wallet/proof/verify.ts';
import type { Context } from './context.ts';
import { CliError } from './faults.ts';
import { genesisPath } from './testnet/plan.ts';

export interface LedgerChoice {
  readonly ledger: KnownLedger;
  /** The file it comes from, or words for the one that is built in. */
  readonly source: string;
}

/** Most wanted first; never empty. */
export async function findLedgers(
  { places, output }: Context,
  given: string | undefined,
): Promise<LedgerChoice[]> {
  if (given !== undefined) return [await readLedger(given)];
  const nearby = ['genesis.json', genesisPath(places.testnet), join(places.node, 'genesis.json')];
  const choices: LedgerChoice[] = [];
  for (const path of nearby.filter(existsSync)) {
    try {
      choices.push(await readLedger(path));
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      // Nobody has named it: it may be anything.
      output.note(`passed over: ${error.message}`);
    }
  }
  choices.push({ ledger: await knowLedger(defaults), source: "Pier's own network" });
  return choices;
}

export async function readLedger(path: string): Promise<LedgerChoice> {
  try {
    return { ledger: await knowLedger(JSON.parse(readFileSync(path, 'utf8'))), source: path };
  } catch (error) {
    const what = reasonOf(error);
    throw new CliError(
      'BAD_GENESIS',
      `${path} can't be used: ${what}`,
      "give the ledger's own with --genesis",
    );
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof RuleError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file';
  return code === undefined ? 'it is not JSON' : message;
}

/** What the proof shows on the one of the ledgers it is of. Throws `ProofError`. */
export function verifyAmong(
  choices: readonly LedgerChoice[],
  bytes: Uint8Array,
): { readonly proof: VerifiedProof; readonly choice: LedgerChoice } {
  for (const choice of choices) {
    try {
      return { proof: verifyProof(bytes, choice.ledger), choice };
    } catch (error) {
      if (!(error instanceof ProofError) || error.code !== 'OTHER_LEDGER') throw error;
    }
  }
  const tried = choices.map(({ ledger, source }) => `${toHex(ledger.chainId).slice(0, 10)} of ${source}`);
  throw new ProofError('OTHER_LEDGER', `tried ${tried.join(', ')}`);
}
