/** Owns the first block: derived from the parameters alone, so that every node of a ledger has the same. */

import { EMPTY_HISTORY, historyRoot } from '../consensus/history.ts';
import { DOMAIN, hash, ZERO_HASH } from '../format/hash.ts';
import { HEADER_VERSION, type Header } from '../format/header.ts';
import { encodeParams, type Params } from '../format/params.ts';
import { accountRef, TOTALS, valueHash } from '../state/entries.ts';
import { applyGenesis } from '../state/execute.ts';
import { PageCache } from '../state/page-cache.ts';
import { StateTree } from '../state/tree.ts';
import { type Change, WorkingState } from '../state/working-state.ts';
import type { StoreWrite } from './ports.ts';

export interface Genesis {
  readonly header: Header;
  /** Entries of the funded accounts and the totals. */
  readonly changes: readonly Change[];
  /** Pages of the state tree. */
  readonly pages: readonly StoreWrite[];
}

/** Builds the genesis block and its state. Its id is the chain id; nothing in it took work. */
export async function makeGenesis(params: Params): Promise<Genesis> {
  const refs = [TOTALS, ...params.allocations.map(({ address }) => accountRef(address))];
  const state = new WorkingState();
  state.load(
    refs,
    refs.map(() => null),
  );
  applyGenesis(state, params);
  const changes = state.changes();
  const tree = new StateTree(
    { getMany: async (keys) => keys.map(() => undefined) },
    new PageCache(0),
    ZERO_HASH,
  );
  await tree.prepare(changes.map(({ key }) => key));
  const update = tree.update(changes.map(({ key, after }) => [key, valueHash(after!)]));
  while (update.next().done !== true);
  return { header: genesisHeader(params, tree.root), changes, pages: [...tree.takeDirty()] };
}

function genesisHeader(params: Params, stateRoot: Uint8Array): Header {
  return {
    version: HEADER_VERSION,
    height: 0,
    previous: ZERO_HASH,
    historyRoot: historyRoot(EMPTY_HISTORY),
    txRoot: hash(DOMAIN.genesis, encodeParams(params)),
    stateRoot,
    time: params.time,
    elapsed: 0,
    bits: params.difficulty.bits,
    miner: new Uint8Array(20),
    nonce: 0,
  };
}
