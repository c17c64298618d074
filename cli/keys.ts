/** Owns which keyring a command uses, and what WHO means: a key's name or an address. */
import { randomBytes } from 'node:crypto';
import { formatAddress, parseAddress } from '../chain/format/address.ts';
import { WalletError } from '../wallet/errors.ts';
import { Keyring } from '../wallet/keyring.ts';
import type { Context } from './context.ts';
import { CliError } from './faults.ts';
import { nodeKdf } from './kdf.ts';
import { DirectoryKeyFiles } from './keyring-files.ts';
import { keysDir } from './testnet/plan.ts';

export interface ChosenKeyring {
  readonly keyring: Keyring;
  readonly directory: string;
}

/** The testnet's own keyring if a testnet is meant or running, else the one in Pier's home. */
export function chooseKeyring(context: Context): ChosenKeyring {
  const { places } = context;
  if (context.meansTestnet()) {
    const directory = keysDir(places.testnet);
    return { keyring: openTestnetKeyring(directory), directory };
  }
  return { keyring: openKeyring(places.keys, false), directory: places.keys };
}

/** A testnet's keyring: it asks for no passphrase. */
export function openTestnetKeyring(directory: string): Keyring {
  return openKeyring(directory, true);
}

function openKeyring(directory: string, testnet: boolean): Keyring {
  const random = (length: number) => new Uint8Array(randomBytes(length));
  return new Keyring({ files: new DirectoryKeyFiles(directory), kdf: nodeKdf, random, testnet });
}

/** The address, as text, that a key's name or an address stands for. */
export async function resolveWho(context: Context, who: string): Promise<string> {
  if (looksLikeAddress(who)) return formatAddress(parseAddress(who));
  const { keyring, directory } = chooseKeyring(context);
  try {
    return formatAddress((await keyring.show(who)).address);
  } catch (error) {
    if (!(error instanceof WalletError) || error.code !== 'NO_KEY') throw error;
    const hint = `give an address (pier1…) or one of the keys that pier key list shows; ${who} is not in ${directory}`;
    throw new CliError('NO_KEY', `there is no key named ${who}`, hint);
  }
}

/** Key names are at most 32 characters, addresses 43. */
export function looksLikeAddress(who: string): boolean {
  return (/^pier1/i.test(who) && who.length > 32) || /^[a-z]+1[a-z0-9]{38,}$/i.test(who);
}
