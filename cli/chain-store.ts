/**
 * Owns the files in which the client keeps the header chains it has verified: `client/` in Pier's home, one a ledger,
 * readable by its owner alone, written whole or not at all. One that is damaged counts as none: it is begun anew.
 */
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../chain/format/bytes.ts';
import type { Params } from '../chain/format/params.ts';
import { makePrivateDirectory, writeFileAtomically } from '../node/files.ts';
import { CHAIN_FILE_BYTES_MAX, decodeChain, encodeChain } from '../wallet/headers/chain-file.ts';
import type { VerifiedChain } from '../wallet/headers/verified-chain.ts';
import type { Places } from './places.ts';

const SUFFIX = '.chain';

/** The chain that was kept of the ledger, or null. */
export function loadChain(places: Places, params: Params, chainId: Uint8Array): VerifiedChain | null {
  const path = pathOf(places, chainId);
  let bytes: Uint8Array;
  try {
    if (statSync(path).size > CHAIN_FILE_BYTES_MAX) return null;
    bytes = new Uint8Array(readFileSync(path));
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null;
    throw error;
  }
  return decodeChain(bytes, params, chainId);
}

/** Keeps the chain. That it can't be kept is no fault: it is verified again the next time. */
export function saveChain(places: Places, chain: VerifiedChain): void {
  const path = pathOf(places, chain.ledger.genesis.id);
  try {
    makePrivateDirectory(folderOf(places));
    chmodSync(folderOf(places), 0o700);
    writeFileAtomically(path, encodeChain(chain));
  } catch (error) {
    if (!('syscall' in (error as Error))) throw error;
  }
}

function folderOf(places: Places): string {
  return join(places.home, 'client');
}

function pathOf(places: Places, chainId: Uint8Array): string {
  return join(folderOf(places), `${toHex(chainId)}${SUFFIX}`);
}
