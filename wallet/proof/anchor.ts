/**
 * Owns the check of what ties a proof to the genesis: two headers with their proof of work, and the places of the block
 * and of the genesis in the tip's history. Pure, and needs nothing but the genesis. Holds no state.
 */
import { targetOf, workOf } from '../../chain/consensus/difficulty.ts';
import { meetsTarget } from '../../chain/consensus/header-tree.ts';
import {
  type HistorySibling,
  verifyHistoryProof,
  workBelow,
  workOfProof,
} from '../../chain/consensus/history-proof.ts';
import { RuleError } from '../../chain/errors.ts';
import { equalBytes } from '../../chain/format/bytes.ts';
import { decodeHeader, HEADER_VERSION, type Header, headerIdOfBytes } from '../../chain/format/header.ts';
import type { Anchor } from '../../chain/proof/proof-file.ts';
import { ProofError } from './faults.ts';
import type { KnownLedger } from './known-ledger.ts';

/** A header whose own proof of work was checked; the genesis has none. */
export interface SeenHeader {
  readonly header: Header;
  /** Block id, 32 bytes. */
  readonly id: Uint8Array;
  /** Expected hashes it stands for. */
  readonly work: bigint;
}

/** Work is in expected hashes. */
export interface SeenAnchor {
  readonly tip: SeenHeader;
  readonly block: SeenHeader;
  /** Of the whole chain up to the tip, as the tip's history root binds it: its miner's claim. */
  readonly work: bigint;
  /** Of that, the proved block's own and all after it. */
  readonly workOnTop: bigint;
  /** Of that, what was checked here: the tip's own, and the proved block's if it is another. */
  readonly workChecked: bigint;
}

/** Throws `ProofError`: 'PROOF_MALFORMED', 'NO_WORK', 'OTHER_LEDGER' or 'NOT_IN_CHAIN'. */
export function verifyAnchor(anchor: Anchor, ledger: KnownLedger): SeenAnchor {
  const tip = seeHeader(anchor.tip, ledger, 'the tip');
  const { height } = tip.header;
  const genesis = { id: ledger.chainId, work: workOf(ledger.params.difficulty.bits), height: 0 };
  const fromGenesis = { count: height, siblings: anchor.genesis };
  if (height === 0) {
    if (anchor.genesis.length > 0 || anchor.block !== null) {
      throw new ProofError('PROOF_MALFORMED', 'the genesis has no history');
    }
    return { tip, block: tip, work: tip.work, workOnTop: tip.work, workChecked: 0n };
  }
  if (!verifyHistoryProof(tip.header.historyRoot, genesis, fromGenesis)) throw new ProofError('OTHER_LEDGER');
  const work = workOfProof(genesis, fromGenesis) + tip.work;
  if (anchor.block === null) return { tip, block: tip, work, workOnTop: tip.work, workChecked: tip.work };
  const block = seeHeader(anchor.block.header, ledger, 'the block');
  const below = placeBelow(tip, block, anchor.block.place);
  const workChecked = tip.work + (block.header.height === 0 ? 0n : block.work);
  return { tip, block, work, workOnTop: work - below, workChecked };
}

/** Work below the block, once its place is shown. */
function placeBelow(tip: SeenHeader, block: SeenHeader, siblings: readonly HistorySibling[]): bigint {
  const { height } = block.header;
  const proof = { count: tip.header.height, siblings };
  const leaf = { id: block.id, work: block.work, height };
  if (!verifyHistoryProof(tip.header.historyRoot, leaf, proof)) throw new ProofError('NOT_IN_CHAIN');
  return workBelow(height, proof);
}

function seeHeader(bytes: Uint8Array, { params, chainId }: KnownLedger, what: string): SeenHeader {
  let header: Header;
  let work: bigint;
  try {
    header = decodeHeader(bytes);
    work = workOf(header.bits);
  } catch (error) {
    if (error instanceof RuleError) throw new ProofError('PROOF_MALFORMED', `${what}: ${error.message}`);
    throw error;
  }
  const id = headerIdOfBytes(bytes);
  if (header.height === 0) {
    if (!equalBytes(id, chainId)) throw new ProofError('OTHER_LEDGER', `${what} is another genesis`);
  } else if (header.version !== HEADER_VERSION) {
    throw new ProofError('PROOF_MALFORMED', `${what} has version ${header.version}`);
  } else if (targetOf(header.bits) > targetOf(params.difficulty.floorBits)) {
    throw new ProofError('NO_WORK', `${what} has an easier target than this ledger ever allows`);
  } else if (!meetsTarget(id, header.bits)) {
    throw new ProofError('NO_WORK', `${what} misses its target`);
  }
  return { header, id, work };
}
