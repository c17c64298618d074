/** Owns where things are: Pier's home and the folders in it. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { realPath } from '../node/files.ts';

export interface Places {
  /** `$PIER_HOME`, or `~/.pier`. */
  readonly home: string;
  /** The testnet's folder: `--dir`, or `testnet` in the home. */
  readonly testnet: string;
  /** True if `--dir` was given: then no other testnet and no other keyring is meant. */
  readonly testnetChosen: boolean;
  /** Data of the node that `pier node start` runs. */
  readonly node: string;
  /** The keyring outside testnets. */
  readonly keys: string;
}

/** The places for the environment and a given `--dir`, each in the one spelling without symbolic links. */
export function findPlaces(dir: string | undefined, env: NodeJS.ProcessEnv): Places {
  const home = realPath(env.PIER_HOME || join(homedir(), '.pier'));
  return {
    home,
    testnet: realPath(dir ?? join(home, 'testnet')),
    testnetChosen: dir !== undefined,
    node: realPath(join(home, 'node')),
    keys: realPath(join(home, 'keys')),
  };
}

/** The path as people write it: `~` for their own folder. */
export function shortPath(path: string): string {
  const own = homedir();
  return path === own || path.startsWith(`${own}/`) ? `~${path.slice(own.length)}` : path;
}
