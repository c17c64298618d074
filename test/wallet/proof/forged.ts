/**
 * Owns forged proofs of an easy ledger: whatever state and transactions somebody likes, under a header of height 1 that
 * was mined for it. That much any liar can do; what must stand against it is checked by the tests that use this.
 */
import { nextElapsed, workOf } from '../../../chain/consensus/difficulty.ts';
import { appendHistory, EMPTY_HISTORY, historyRoot } from '../../../chain/consensus/history.ts';
import { ZERO_HASH } from '../../../chain/format/hash.ts';
import { encodeHeader, type Header } from '../../../chain/format/header.ts';
import type { Anchor, StateClaim } from '../../../chain/proof/proof-file.ts';
import { type Entry, type EntryRef, encodeEntry, valueHash } from '../../../chain/state/entries.ts';
import { encodeProof } from '../../../chain/state/tree-proof.ts';
import type { KnownLedger } from '../../../wallet/proof/known-ledger.ts';
import { mine } from '../../chain/builder.ts';
import { change, MapSource, newTree } from '../../chain/state/tree-model.ts';
import { vectorId } from '../../chain/vector-ids.ts';

/** A header on the genesis, mined, with what `fields` say. */
export function forgeAnchor({ params, chainId }: KnownLedger, fields: Partial<Header>): Anchor {
  const { bits } = params.difficulty;
  const time = params.time + 1_000;
  const header: Header = {
    version: 1,
    height: 1,
    previous: chainId,
    historyRoot: historyRoot(appendHistory(EMPTY_HISTORY, { id: chainId, work: workOf(bits) })),
    txRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    time,
    elapsed: nextElapsed(params.difficulty, { time: params.time, elapsed: 0 }, time),
    bits,
    miner: new Uint8Array(20),
    nonce: 0,
    ...fields,
  };
  // The only header before it is the genesis, so its place has no siblings.
  return { tip: encodeHeader(mine(header, 'reach')), genesis: [], block: null };
}

/** A state in which the key has this entry (or none) among others, and the path to it. */
export async function forgeState(
  ref: EntryRef,
  entry: Entry | null,
): Promise<StateClaim & { readonly stateRoot: Uint8Array }> {
  const tree = newTree(new MapSource());
  const bytes = entry === null ? null : encodeEntry(entry);
  const others = [1, 2, 3, 4, 5].map((i) => [vectorId(i), vectorId(10 + i)] as const);
  await change(tree, bytes === null ? others : [...others, [ref.key, valueHash(bytes)]]);
  await tree.prepare([ref.key]);
  return { stateRoot: tree.root, path: encodeProof(tree.prove(ref.key)), entry: bytes };
}
