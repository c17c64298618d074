/**
 * Measures proofs of accounts among 1,000,000 at the end of 2^20 − 1 blocks, the length with the longest paths: their
 * size, and how long one takes to be verified. State and history have the real form; of the headers in between there
 * are the ids only, each with the work of 2^40 hashes, which makes the paths as long as those of a mined network.
 */
import { createHash } from 'node:crypto';
import { workOf } from '../../chain/consensus/difficulty.ts';
import { meetsTarget } from '../../chain/consensus/header-rules.ts';
import {
  appendHistory,
  EMPTY_HISTORY,
  type HistoryLeaf,
  historyRoot,
  type Peaks,
} from '../../chain/consensus/history.ts';
import { nodesFromPeaks, proveHistory } from '../../chain/consensus/history-proof.ts';
import { ZERO_HASH } from '../../chain/format/hash.ts';
import { encodeHeader, type Header, headerIdOfBytes } from '../../chain/format/header.ts';
import { type Anchor, encodeProofFile } from '../../chain/proof/proof-file.ts';
import { accountRef, encodeEntry, valueHash } from '../../chain/state/entries.ts';
import { PageCache } from '../../chain/state/page-cache.ts';
import { StateTree } from '../../chain/state/tree.ts';
import { encodeProof } from '../../chain/state/tree-proof.ts';
import { type KnownLedger, knowLedger } from '../../wallet/proof/known-ledger.ts';
import { verifyProof } from '../../wallet/proof/verify.ts';
import type { Measure } from './figure.ts';
import { easyGenesis } from './workload.ts';

const ACCOUNTS = 1_000_000;
const BLOCKS = 2 ** 20 - 1;
/** Blocks on the proved one. */
const DEPTH = 10;
const LEAF_WORK = 2n ** 40n;
const PROVED = 200;

const measureProof: Measure = async () => {
  const known = await knowLedger(easyGenesis({ funded: [] }));
  const tree = growState();
  const { deep, shallow } = makeAnchors(known, tree.root);
  const deepSizes: number[] = [];
  const shallowSizes: number[] = [];
  const times: number[] = [];
  for (let i = 0; i < PROVED; i++) {
    const place = i * (ACCOUNTS / PROVED);
    const address = addressAt(place);
    const path = encodeProof(tree.prove(accountRef(address).key));
    const claim = { address, path, entry: entryAt(place) };
    shallowSizes.push(encodeProofFile({ TAG: 'account', data: { ...shallow, ...claim } }).length);
    const file = encodeProofFile({ TAG: 'account', data: { ...deep, ...claim } });
    deepSizes.push(file.length);
    const start = performance.now();
    const { block } = verifyProof(file, known);
    times.push(performance.now() - start);
    if (block.header.height !== BLOCKS - DEPTH) throw new Error('another block was proved');
  }
  const goal = { atMost: 3_000 };
  return [
    { name: 'balance proof, 1,000,000 accounts, 10 blocks deep', unit: 'bytes', samples: deepSizes, goal },
    { name: 'the same at the tip', unit: 'bytes', samples: shallowSizes, goal },
    { name: 'the first verified', unit: 'ms', samples: [times[0]!] },
    { name: 'each of 200 verified', unit: 'ms', samples: times, goal: { atMost: 5 } },
  ];
};

function growState(): StateTree {
  const tree = new StateTree({ getMany: async () => [] }, new PageCache(0), ZERO_HASH);
  const changes = Array.from(
    { length: ACCOUNTS },
    (_, i) => [accountRef(addressAt(i)).key, valueHash(entryAt(i))] as const,
  );
  const steps = tree.update(changes);
  while (steps.next().done !== true);
  return tree;
}

const digest = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());
const addressAt = (place: number): Uint8Array => digest(`account ${place}`).subarray(0, 20);

/** Of an account that has been used, without a recovery account. */
function entryAt(place: number): Uint8Array {
  return encodeEntry({
    TAG: 'account',
    data: {
      balance: place,
      nonce: 5,
      authKey: digest(`key ${place}`),
      rotatedAt: 7,
      recovery: null,
      pendingChange: null,
      pendingRecovery: null,
      locked: false,
      deposits: 0,
      history: digest(`history ${place}`),
      historyCount: 9,
    },
  });
}

/** One state, seen from its own block as the tip, and from a later tip. */
function makeAnchors(
  { params, chainId }: KnownLedger,
  stateRoot: Uint8Array,
): { deep: Anchor; shallow: Anchor } {
  const { bits } = params.difficulty;
  const leaves: HistoryLeaf[] = [];
  const peaks: Peaks[] = [EMPTY_HISTORY];
  const add = (leaf: HistoryLeaf) => {
    leaves.push(leaf);
    peaks.push(appendHistory(peaks.at(-1)!, leaf));
  };
  const headerAt = (height: number): Uint8Array =>
    mine({
      version: 1,
      height,
      previous: leaves[height - 1]!.id,
      historyRoot: historyRoot(peaks[height]!),
      txRoot: ZERO_HASH,
      stateRoot,
      time: params.time + height,
      elapsed: height,
      bits,
      miner: new Uint8Array(20),
      nonce: 0,
    });
  add({ id: chainId, work: workOf(bits) });
  while (leaves.length < BLOCKS - DEPTH) add({ id: digest(`block ${leaves.length}`), work: LEAF_WORK });
  const block = headerAt(leaves.length);
  add({ id: headerIdOfBytes(block), work: workOf(bits) });
  while (leaves.length < BLOCKS) add({ id: digest(`block ${leaves.length}`), work: LEAF_WORK });
  const nodes = nodesFromPeaks(
    (height) => leaves[height]!,
    (count) => peaks[count]!,
  );
  const place = (count: number, height: number) => [...proveHistory(nodes, count, height).siblings];
  return {
    deep: {
      tip: headerAt(BLOCKS),
      genesis: place(BLOCKS, 0),
      block: { header: block, place: place(BLOCKS, BLOCKS - DEPTH) },
    },
    shallow: { tip: block, genesis: place(BLOCKS - DEPTH, 0), block: null },
  };
}

function mine(header: Header): Uint8Array {
  for (let nonce = 0; ; nonce++) {
    const bytes = encodeHeader({ ...header, nonce });
    if (meetsTarget(headerIdOfBytes(bytes), header.bits)) return bytes;
  }
}

export default measureProof;
