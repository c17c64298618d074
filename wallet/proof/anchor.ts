/**
 * Owns the check of what ties a proof to the genesis: two headers with their proof of work, and the places of the block
 * and of the genesis in the tip's history. Pure, and needs nothing but the genesis. Holds no state.
 */
import { targetOf, workOf } from '../../chain/consensus/difficulty.ts';
import { meetsTarget } from '../../chain/consensus/header-rules.ts';
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

/** A header with what follows from its bytes. */
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

/** An anchor whose headers have been read. */
export interface ReadAnchor {
  readonly tip: SeenHeader;
  readonly genesis: readonly HistorySibling[];
  readonly block: { readonly seen: SeenHeader; readonly place: readonly HistorySibling[] } | null;
}

/** What the bytes alone tell. Throws `ProofError('PROOF_MALFORMED')`. */
export function readAnchor({ tip, genesis, block }: Anchor): ReadAnchor {
  const seen = seeHeader(tip, 'the tip');
  if (seen.header.height === 0 && (genesis.length > 0 || block !== null)) {
    throw new ProofError('PROOF_MALFORMED', 'the genesis has no history');
  }
  return {
    tip: seen,
    genesis,
    block: block && { seen: seeHeader(block.header, 'the block'), place: block.place },
  };
}

/** Throws `ProofError`: 'OTHER_LEDGER', 'NO_WORK' or 'NOT_IN_CHAIN', the first of these that is true. */
export function verifyAnchor(anchor: ReadAnchor, ledger: KnownLedger): SeenAnchor {
  const { tip } = anchor;
  const { height } = tip.header;
  if (height === 0) {
    if (!equalBytes(tip.id, ledger.chainId)) throw new ProofError('OTHER_LEDGER');
    return { tip, block: tip, work: tip.work, workOnTop: tip.work, workChecked: 0n };
  }
  const genesis = { id: ledger.chainId, work: workOf(ledger.params.difficulty.bits), height: 0 };
  const fromGenesis = { count: height, siblings: anchor.genesis };
  if (!verifyHistoryProof(tip.header.historyRoot, genesis, fromGenesis)) throw new ProofError('OTHER_LEDGER');
  checkWork(tip, ledger, 'the tip');
  const work = workOfProof(genesis, fromGenesis) + tip.work;
  if (anchor.block === null) return { tip, block: tip, work, workOnTop: tip.work, workChecked: tip.work };
  const block = anchor.block.seen;
  // The genesis has no work. At its place in this history there is no other header.
  const isGenesis = block.header.height === 0;
  if (!isGenesis) checkWork(block, ledger, 'the block');
  const below = placeBelow(tip, block, anchor.block.place);
  return { tip, block, work, workOnTop: work - below, workChecked: tip.work + (isGenesis ? 0n : block.work) };
}

/** Work below the block, once its place is shown. */
function placeBelow(tip: SeenHeader, block: SeenHeader, siblings: readonly HistorySibling[]): bigint {
  const { height } = block.header;
  const proof = { count: tip.header.height, siblings };
  const leaf = { id: block.id, work: block.work, height };
  if (!verifyHistoryProof(tip.header.historyRoot, leaf, proof)) throw new ProofError('NOT_IN_CHAIN');
  return workBelow(height, proof);
}

function seeHeader(bytes: Uint8Array, what: string): SeenHeader {
  try {
    const header = decodeHeader(bytes);
    if (header.version !== HEADER_VERSION) throw new RuleError('BAD_VERSION', String(header.version));
    return { header, id: headerIdOfBytes(bytes), work: workOf(header.bits) };
  } catch (error) {
    if (error instanceof RuleError) throw new ProofError('PROOF_MALFORMED', `${what}: ${error.message}`);
    throw error;
  }
}

function checkWork({ header, id }: SeenHeader, { params }: KnownLedger, what: string): void {
  if (targetOf(header.bits) > targetOf(params.difficulty.floorBits)) {
    throw new ProofError('NO_WORK', `${what} has an easier target than this ledger ever allows`);
  }
  if (!meetsTarget(id, header.bits)) throw new ProofError('NO_WORK', `${what} misses its target`);
}
