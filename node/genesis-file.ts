/** Owns which ledger a folder is for: the parameters given, those it was begun with, or the default network's. */
import { join } from 'node:path';
import { RuleError } from '../chain/errors.ts';
import { equalBytes } from '../chain/format/bytes.ts';
import { encodeParams, type Params, parseParams } from '../chain/format/params.ts';
import defaults from '../genesis.json' with { type: 'json' };
import { ConfigError } from './config.ts';
import { readFileIfThere, writeFileAtomically } from './files.ts';

export interface Genesis {
  readonly params: Params;
  /** The parsed file. */
  readonly json: unknown;
}

/** Throws `ConfigError` if a file is unusable, or the folder was begun with other parameters. */
export function readGenesis(dataDir: string, givenPath: string | null): Genesis {
  const kept = read(join(dataDir, 'genesis.json'));
  const given = givenPath === null ? null : read(givenPath);
  if (givenPath !== null && given === null) {
    throw new ConfigError(
      `there is no file ${givenPath}`,
      'Name the genesis.json of the ledger with --genesis.',
    );
  }
  const chosen = given ?? kept ?? { json: defaults, params: parseParams(defaults) };
  if (kept !== null && !equalBytes(encodeParams(kept.params), encodeParams(chosen.params))) {
    throw new ConfigError(`${dataDir} belongs to another ledger`, 'Choose another folder with --data.');
  }
  return chosen;
}

/** Keeps a copy in the folder, so that it says by itself which ledger it holds. */
export function keepGenesis(dataDir: string, { json }: Genesis): void {
  const path = join(dataDir, 'genesis.json');
  if (readFileIfThere(path) === null) writeFileAtomically(path, `${JSON.stringify(json, null, 2)}\n`);
}

function read(path: string): Genesis | null {
  const file = readFileIfThere(path);
  if (file === null) return null;
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(file));
    return { json, params: parseParams(json) };
  } catch (error) {
    const what = error instanceof RuleError ? error.message : 'it is not JSON';
    throw new ConfigError(
      `${path} can't be used: ${what}`,
      'Take the genesis.json that the other nodes use.',
    );
  }
}
