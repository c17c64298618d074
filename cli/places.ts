/** Owns where things are: Pier's home and the folders in it. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

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

/** The places for the environment and a given `--dir`. */
export function findPlaces(dir: string | undefined, env: NodeJS.ProcessEnv): Places {
  const home = resolve(env.PIER_HOME || join(homedir(), '.pier'));
  return {
    home,
    testnet: dir === undefined ? join(home, 'testnet') : resolve(dir),
    testnetChosen: dir !== undefined,
    node: join(home, 'node'),
    keys: join(home, 'keys'),
  };
}

/** The path as people write it: `~` for their own folder. */
export function shortPath(path: string): string {
  const own = homedir();
  return path === own || path.startsWith(`${own}/`) ? `~${path.slice(own.length)}` : path;
}
