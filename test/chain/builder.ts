/**
 * Owns chains drawn for a test: `chain.block('b2', { on: 'b1', transactions: [transfer('alice', 'bob', 5)] })` makes a
 * mined, correct block; what a test spells out is taken as it is, right or wrong. Roots come from the naive model, and
 * the limits below are restated on purpose, so that a change of the ledger's shows.
 */
import type { Header } from '../../chain/format/header.ts';
import type { Params } from '../../chain/format/params.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import { addressFor, type Draft, keyNamed, signDraft } from './actors.ts';
import { txRootOf } from './model/chain.ts';
import { applyTransaction, executeBlock, openBlock } from './model/execute.ts';
import {
  encodeHeader,
  genesisOf,
  headerIdOf,
  historyRootOf,
  type Leaf,
  nextBits,
  nextElapsed,
  targetOf,
  workOf,
} from './model/headers.ts';
import { bytesOf, type Hex, hash, hexOf, number, ZEROS } from './model/hex.ts';
import { copyState, type ModelState, stateRootOf } from './model/state.ts';
import { Refusal } from './model/step.ts';

/** A ledger on which a block takes about two hashes. */
export const TEST_PARAMS: Params = {
  name: 'test',
  salt: new Uint8Array(32).fill(7),
  time: 1_700_000_000_000,
  limits: { blockBytes: 16_384, blockSignatures: 16, futureMs: 2_000 },
  difficulty: { bits: 0x207fffff, floorBits: 0x207fffff, targetMs: 1_000, halfLifeMs: 10_000 },
  reward: { initial: 50_000_000, halvingBlocks: 100, maturity: 5 },
  prices: { feePerByte: 2, accountSurcharge: 1_000, depositPerByte: 3, depositPerEntry: 500 },
  allocations: [
    { address: addressFor('alice'), amount: 1_000_000_000 },
    { address: addressFor('bob'), amount: 500_000_000 },
    { address: addressFor('carol'), amount: 200_000_000 },
  ],
  activations: [],
};

export interface BlockSpec {
  /** Name of the parent; the block drawn last if left out. */
  readonly on?: string;
  readonly transactions?: readonly (Draft | Transaction)[];
  /** Whose address is paid. */
  readonly miner?: string;
  /** Milliseconds after the parent; the target spacing if left out. */
  readonly step?: number;
  /** Fields of the header to set as they are, after all others were worked out. */
  readonly header?: Partial<Header>;
  /** 'miss': a nonce that does not reach the target. */
  readonly work?: 'reach' | 'miss';
}

export interface DrawnBlock {
  readonly name: string;
  readonly id: Hex;
  readonly header: Header;
  readonly transactions: readonly Transaction[];
  /** This header and all before it. */
  readonly history: readonly Leaf[];
  /** Cumulative. */
  readonly work: bigint;
  /** State after it; null if the block, or one before it, breaks a rule of the state. */
  readonly state: ModelState | null;
}

export class ChainBuilder {
  readonly params: Params;
  readonly chainId: Uint8Array;
  readonly #blocks = new Map<string, DrawnBlock>();
  #last = 'genesis';

  constructor(params: Params = TEST_PARAMS) {
    this.params = params;
    const { header, state } = genesisOf(params);
    const id = headerIdOf(header);
    const work = workOf(header.bits);
    this.chainId = bytesOf(id);
    this.#blocks.set('genesis', {
      name: 'genesis',
      id,
      header,
      transactions: [],
      history: [{ id, work }],
      work,
      state,
    });
  }

  get(name: string): DrawnBlock {
    const block = this.#blocks.get(name);
    if (block === undefined) throw new Error(`no block was drawn as ${name}`);
    return block;
  }

  nameOf(id: Hex): string {
    for (const block of this.#blocks.values()) if (block.id === id) return block.name;
    return id;
  }

  /** Blocks `prefix`1 to `prefix``count`, empty, one on the other. */
  blocks(prefix: string, count: number, spec: BlockSpec = {}): DrawnBlock[] {
    const drawn: DrawnBlock[] = [];
    for (let i = 1; i <= count; i++) {
      const on = i === 1 ? spec.on : `${prefix}${i - 1}`;
      drawn.push(this.block(`${prefix}${i}`, { ...spec, ...(on === undefined ? {} : { on }) }));
    }
    return drawn;
  }

  /** Names of the blocks that `blocks` draws. */
  names(prefix: string, count: number): string[] {
    return Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);
  }

  block(name: string, spec: BlockSpec = {}): DrawnBlock {
    if (this.#blocks.has(name)) throw new Error(`${name} is drawn already`);
    const parent = this.get(spec.on ?? this.#last);
    const height = parent.header.height + 1;
    const miner = addressFor(spec.miner ?? 'miner');
    const transactions = this.#sign(parent, height, spec.transactions ?? []);
    const state = this.#stateAfter(parent, { height, miner: hexOf(miner), transactions });
    const time = spec.header?.time ?? parent.header.time + (spec.step ?? this.params.difficulty.targetMs);
    const header = mine(
      {
        version: 1,
        height,
        previous: bytesOf(parent.id),
        historyRoot: bytesOf(historyRootOf(parent.history)),
        txRoot: bytesOf(txRootOf(transactions)),
        stateRoot: bytesOf(state === null ? ZEROS : stateRootOf(state)),
        time,
        elapsed: Math.max(0, nextElapsed(this.params, parent.header, time)),
        bits: nextBits(this.params, parent.header),
        miner,
        nonce: 0,
        ...spec.header,
      },
      spec.work ?? 'reach',
    );
    const id = headerIdOf(header);
    const own = workOf(header.bits);
    const block = {
      name,
      id,
      header,
      transactions,
      history: [...parent.history, { id, work: own }],
      work: parent.work + own,
      state,
    };
    this.#blocks.set(name, block);
    this.#last = name;
    return block;
  }

  /** Signs one draft as the state after `on` wants it. */
  sign(given: Draft, on: string): Transaction {
    const parent = this.get(on);
    return this.#sign(parent, parent.header.height + 1, [given])[0]!;
  }

  /** Signs drafts in their order, each with the key and the nonce that the ones before it leave. */
  #sign(parent: DrawnBlock, height: number, drafts: readonly (Draft | Transaction)[]): Transaction[] {
    let state = copyState(parent.state ?? this.get('genesis').state!);
    if (parent.state !== null) openBlock(this.params, state, height);
    return drafts.map((given) => {
      const tx = 'bytes' in given ? given : signFor(state, given, this.chainId, this.params);
      const next = copyState(state);
      try {
        applyTransaction(this.params, next, height, tx);
        state = next;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
      return tx;
    });
  }

  #stateAfter(parent: DrawnBlock, block: Parameters<typeof executeBlock>[2]): ModelState | null {
    if (parent.state === null) return null;
    try {
      return executeBlock(this.params, parent.state, block);
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  }
}

/** Signs with the account's present key and next nonce, unless the draft says otherwise. */
export function signFor(state: ModelState, given: Draft, chainId: Uint8Array, params: Params): Transaction {
  const account = state.accounts.get(hexOf(addressFor(given.from)));
  const current = account?.authKey == null ? undefined : keyNamed(account.authKey);
  return signDraft(given, {
    chainId: given.chainId ?? chainId,
    nonce: given.nonce ?? account?.nonce ?? 0,
    key: given.key ?? current ?? given.from,
    feePerByte: params.prices.feePerByte,
  });
}

/** Tries nonces from the header's own on, until its id reaches the target of its bits, or doesn't. */
export function mine(header: Header, work: 'reach' | 'miss'): Header {
  const head = encodeHeader(header).slice(0, -16);
  const target = targetOf(header.bits);
  for (let nonce = header.nonce; ; nonce++) {
    const reached = BigInt(`0x${hash('hdr', head, number(nonce, 8))}`) <= target;
    if (reached === (work === 'reach')) return { ...header, nonce };
  }
}
