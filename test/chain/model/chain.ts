/**
 * Owns the model's block tree and fork choice: most cumulative work among blocks that are fully received (with all
 * their ancestors) and not known to be invalid; the first fully received wins a tie. A block is executed only when it
 * is on the way to the best, as a node does, so both know the same blocks to be invalid.
 */
import type { ErrorCode } from '../../../chain/errors.ts';
import type { Header } from '../../../chain/format/header.ts';
import type { Params } from '../../../chain/format/params.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { executeBlock } from './execute.ts';
import { checkHeader, encodeHeader, genesisOf, headerIdOf, type Leaf, workOf } from './headers.ts';
import { bytesOf, type Hex, hash, hexOf, number, text, ZEROS } from './hex.ts';
import { isSigned } from './signatures.ts';
import { checkSupply, type ModelState, stateRootOf } from './state.ts';
import { Refusal } from './step.ts';

export interface ModelBlock {
  readonly id: Hex;
  readonly header: Header;
  readonly parent: ModelBlock | null;
  /** Cumulative, this block's included. */
  readonly work: bigint;
  transactions: readonly Transaction[] | null;
  /** When its body came, and when it and all its ancestors were there: places in one count of events. */
  received: number | null;
  complete: number | null;
  invalid: ErrorCode | null;
  /** The state after it, once it was executed. */
  state: ModelState | null;
}

export class ModelChain {
  readonly params: Params;
  readonly genesis: ModelBlock;
  readonly chainId: Hex;
  readonly blocks = new Map<Hex, ModelBlock>();
  tip: ModelBlock;
  #events = 0;

  constructor(params: Params) {
    const { header, state } = genesisOf(params);
    const id = headerIdOf(header);
    this.params = params;
    this.chainId = id;
    this.genesis = {
      id,
      header,
      parent: null,
      work: workOf(header.bits),
      transactions: [],
      received: 0,
      complete: 0,
      invalid: null,
      state,
    };
    this.blocks.set(id, this.genesis);
    this.tip = this.genesis;
  }

  /** All headers from genesis to `block`, as the history has them. */
  historyOf(block: ModelBlock): Leaf[] {
    const leaves: Leaf[] = [];
    for (let at: ModelBlock | null = block; at !== null; at = at.parent) {
      leaves.push({ id: at.id, work: workOf(at.header.bits) });
    }
    return leaves.reverse();
  }

  addHeader(header: Header, wallMs: number): ErrorCode | null {
    const id = headerIdOf(header);
    const known = this.blocks.get(id);
    if (known !== undefined) return known.invalid === null ? null : 'INVALID_PARENT';
    const parent = this.blocks.get(hexOf(header.previous));
    if (parent === undefined) return 'UNKNOWN_PARENT';
    if (parent.invalid !== null) return 'INVALID_PARENT';
    const code = checkHeader(this.params, parent.header, this.historyOf(parent), header, wallMs);
    if (code !== null) return code;
    this.blocks.set(id, {
      id,
      header,
      parent,
      work: parent.work + workOf(header.bits),
      transactions: null,
      received: null,
      complete: null,
      invalid: null,
      state: null,
    });
    return null;
  }

  /** Checks and takes the body of a known header. One that fails leaves the block without a body. */
  addBody(id: Hex, transactions: readonly Transaction[]): ErrorCode | null {
    const block = this.blocks.get(id)!;
    const code = checkStructure(this.params, block.header, transactions);
    if (code !== null) return code;
    if (block.received !== null || block.invalid !== null) return null;
    block.transactions = transactions;
    block.received = ++this.#events;
    this.#complete(block);
    return null;
  }

  /** Moves the tip to where it belongs; says which blocks turned out to be invalid on the way. */
  settle(): Map<Hex, ErrorCode> {
    const found = new Map<Hex, ErrorCode>();
    for (;;) {
      const best = this.#best();
      const failed = this.#execute(best);
      if (failed === null) {
        this.tip = best;
        return found;
      }
      found.set(failed.id, failed.invalid!);
    }
  }

  /** Forgets which blocks turned out to be invalid, as a node that starts again may. */
  forgetVerdicts(): void {
    for (const block of this.blocks.values()) block.invalid = null;
  }

  /** A body has come: the block and what waited on it may be complete, the nearest first, then in the headers' order. */
  #complete(first: ModelBlock): void {
    let layer = [first];
    while (layer.length > 0) {
      const done = layer.filter(({ received, parent }) => received !== null && parent!.complete !== null);
      for (const block of done) block.complete = ++this.#events;
      layer = done.flatMap((block) => [...this.blocks.values()].filter(({ parent }) => parent === block));
    }
  }

  /** The tip, unless a block has more work. */
  #best(): ModelBlock {
    let best = this.tip;
    for (const block of this.blocks.values()) {
      if (block.complete === null || block.invalid !== null || block.work <= this.tip.work) continue;
      if (block.work > best.work || (block.work === best.work && block.complete < best.complete!))
        best = block;
    }
    return best;
  }

  /** Executes what isn't yet up to `block`. The first invalid block, or null. */
  #execute(block: ModelBlock): ModelBlock | null {
    const path: ModelBlock[] = [];
    for (let at: ModelBlock = block; at.state === null; at = at.parent!) path.push(at);
    for (const next of path.reverse()) {
      const code = executeFully(this.params, this.chainId, next);
      if (code === null) continue;
      this.#markInvalid(next, code);
      return next;
    }
    return null;
  }

  #markInvalid(block: ModelBlock, code: ErrorCode): void {
    block.invalid = code;
    for (const child of this.blocks.values()) {
      if (child.invalid === null && child.parent === block) this.#markInvalid(child, 'INVALID_PARENT');
    }
  }
}

/** Same shape as promoting an odd node: left of the cut is the largest perfect tree that leaves something. */
function txTree(ids: readonly Hex[]): Hex {
  if (ids.length === 0) return ZEROS;
  if (ids.length === 1) return hash('txl', ids[0]!);
  let left = 1;
  while (left * 2 < ids.length) left *= 2;
  return hash('txn', txTree(ids.slice(0, left)), txTree(ids.slice(left)));
}

export function txRootOf(transactions: readonly Transaction[]): Hex {
  const ids = transactions.map((tx) => hash('txi', hexOf(tx.bytes)));
  return hash('txr', number(ids.length, 4), txTree(ids));
}

function signaturesOf(tx: Transaction): number {
  return tx.body.TAG === 'rotate' || tx.body.TAG === 'recover' ? 2 : 1;
}

function checkStructure(
  params: Params,
  header: Header,
  transactions: readonly Transaction[],
): ErrorCode | null {
  if (hexOf(header.txRoot) !== txRootOf(transactions)) return 'MUTATED_BODY';
  const bytes = transactions.reduce(
    (sum, tx) => sum + 2 + tx.bytes.length,
    encodeHeader(header).length / 2 + 4,
  );
  if (bytes > params.limits.blockBytes) return 'BLOCK_TOO_LARGE';
  const signatures = transactions.reduce((sum, tx) => sum + signaturesOf(tx), 0);
  return signatures > params.limits.blockSignatures ? 'TOO_MANY_SIGNATURES' : null;
}

/** The sender's signature, and that of a new key over its proof of possession. */
function areSigned(chainId: Hex, tx: Transaction): boolean {
  const fields = hexOf(tx.bytes).slice(0, -128);
  const message = [bytesOf(text('pier/txs') + chainId + fields)];
  if (!isSigned({ publicKey: tx.publicKey, message, signature: tx.signature })) return false;
  const { body } = tx;
  if (body.TAG !== 'rotate' && body.TAG !== 'recover') return true;
  const { scheme, publicKey, proof } = body.data;
  const target = body.TAG === 'recover' ? body.data.target : tx.sender;
  const claim = [
    hexOf(tx.sender),
    number(tx.nonce, 8),
    hexOf(target),
    number(scheme, 1),
    hexOf(publicKey),
  ].join('');
  return isSigned({ publicKey, message: [bytesOf(text('pier/pop') + chainId + claim)], signature: proof });
}

/** Sets the block's state; its parent has one. */
function executeFully(params: Params, chainId: Hex, block: ModelBlock): ErrorCode | null {
  const { header } = block;
  const transactions = block.transactions!;
  if (!transactions.every((tx) => areSigned(chainId, tx))) return 'BAD_SIGNATURE';
  try {
    const input = { height: header.height, miner: hexOf(header.miner), transactions };
    const state = executeBlock(params, block.parent!.state!, input);
    if (hexOf(header.stateRoot) !== stateRootOf(state)) return 'BAD_STATE_ROOT';
    checkSupply(state);
    block.state = state;
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}
