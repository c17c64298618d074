/** Owns the model's headers: bytes, difficulty, the history's root, genesis, and what a child must say. */
import type { ErrorCode } from '../../../chain/errors.ts';
import type { Header } from '../../../chain/format/header.ts';
import type { Params } from '../../../chain/format/params.ts';
import { genesisState } from './execute.ts';
import { bytesOf, counted, type Hex, hash, hexOf, number, text, ZEROS } from './hex.ts';
import { type ModelState, stateRootOf } from './state.ts';

export function encodeHeader(header: Header): Hex {
  return [
    number(header.version, 1),
    number(header.height, 4),
    hexOf(header.previous),
    hexOf(header.historyRoot),
    hexOf(header.txRoot),
    hexOf(header.stateRoot),
    number(header.time, 8),
    number(header.elapsed, 8),
    number(header.bits, 4),
    hexOf(header.miner),
    number(header.nonce, 8),
  ].join('');
}

export const headerIdOf = (header: Header): Hex => hash('hdr', encodeHeader(header));

export function encodeParams(params: Params): Hex {
  const { limits, difficulty, reward, prices } = params;
  return [
    counted(text(params.name), 1),
    hexOf(params.salt),
    number(params.time, 8),
    number(limits.blockBytes, 4) + number(limits.blockSignatures, 4) + number(limits.futureMs, 8),
    number(difficulty.bits, 4) + number(difficulty.floorBits, 4),
    number(difficulty.targetMs, 8) + number(difficulty.halfLifeMs, 8),
    number(reward.initial, 8) + number(reward.halvingBlocks, 4) + number(reward.maturity, 4),
    number(prices.feePerByte, 8) + number(prices.accountSurcharge, 8),
    number(prices.depositPerByte, 8) + number(prices.depositPerEntry, 8),
    number(params.allocations.length, 4),
    ...params.allocations.map(({ address, amount }) => hexOf(address) + number(amount, 8)),
    number(params.activations.length, 1),
    ...params.activations.map(({ rule, height }) => counted(text(rule), 1) + number(height, 4)),
  ].join('');
}

export function genesisOf(params: Params): { header: Header; state: ModelState } {
  const state = genesisState(params);
  const header: Header = {
    version: 1,
    height: 0,
    previous: bytesOf(ZEROS),
    historyRoot: bytesOf(historyRootOf([])),
    txRoot: bytesOf(hash('gen', encodeParams(params))),
    stateRoot: bytesOf(stateRootOf(state)),
    time: params.time,
    elapsed: 0,
    bits: params.difficulty.bits,
    miner: new Uint8Array(20),
    nonce: 0,
  };
  return { header, state };
}

/** The number that compact bits stand for. */
export function targetOf(bits: number): bigint {
  const size = BigInt(bits) >> 24n;
  const mantissa = BigInt(bits) & 0x7f_ffffn;
  return size <= 3n ? mantissa >> (8n * (3n - size)) : mantissa << (8n * (size - 3n));
}

function bitsOf(target: bigint): number {
  let size = 1n;
  while (target >> (8n * size) !== 0n) size++;
  // The mantissa's highest bit would be a sign.
  if ((target >> (8n * size - 1n)) & 1n) size++;
  const mantissa = size <= 3n ? target << (8n * (3n - size)) : target >> (8n * (size - 3n));
  return Number((size << 24n) | mantissa);
}

export const workOf = (bits: number): bigint => 2n ** 256n / (targetOf(bits) + 1n);

/** aserti3-2d, anchored at genesis, on elapsed time. */
export function nextBits(params: Params, parent: Header): number {
  const { bits, floorBits, targetMs, halfLifeMs } = params.difficulty;
  const exponent =
    ((BigInt(parent.elapsed) - BigInt(targetMs) * BigInt(parent.height)) * 65536n) / BigInt(halfLifeMs);
  const shifts = exponent >> 16n;
  const x = exponent - (shifts << 16n);
  const factor =
    65536n + ((195766423245049n * x + 971821376n * x * x + 5127n * x * x * x + (1n << 47n)) >> 48n);
  const floor = targetOf(floorBits);
  if (shifts > 300n) return floorBits;
  if (shifts < -300n) return bitsOf(1n);
  const up = shifts > 0n ? shifts : 0n;
  const down = shifts < 0n ? -shifts : 0n;
  let target = (targetOf(bits) * factor * 2n ** up) >> (16n + down);
  if (target > floor) target = floor;
  return target < 1n ? bitsOf(1n) : bitsOf(target);
}

export const nextElapsed = (params: Params, parent: Header, time: number): number =>
  parent.elapsed + Math.min(time - parent.time, params.difficulty.halfLifeMs);

interface Node {
  hash: Hex;
  count: number;
  work: bigint;
}
export interface Leaf {
  id: Hex;
  work: bigint;
}

/** Nodes by their last header and count: a header's id stands for all before it. */
const nodes = new Map<string, Node>();

function nodeOver(leaves: readonly Leaf[]): Node {
  const last = leaves.at(-1)!;
  if (leaves.length === 1) return { hash: last.id, count: 1, work: last.work };
  const name = `${last.id}/${leaves.length}`;
  const known = nodes.get(name);
  if (known !== undefined) return known;
  let left = 1;
  while (left * 2 < leaves.length) left *= 2;
  const [a, b] = [nodeOver(leaves.slice(0, left)), nodeOver(leaves.slice(left))];
  const side = ({ hash: h, count, work }: Node): Hex => h + number(count, 4) + number(work, 32);
  const node = { hash: hash('mmn', side(a), side(b)), count: a.count + b.count, work: a.work + b.work };
  nodes.set(name, node);
  return node;
}

/** The root over all earlier headers: the largest perfect tree that leaves something, then the rest. */
export function historyRootOf(leaves: readonly Leaf[]): Hex {
  const top = leaves.length === 0 ? { hash: ZEROS, count: 0, work: 0n } : nodeOver(leaves);
  return hash('mmr', number(top.count, 4), number(top.work, 32), top.hash);
}

/** What is wrong with a child, given its parent and all headers before the child. */
export function checkHeader(
  params: Params,
  parent: Header,
  history: readonly Leaf[],
  header: Header,
  wallMs: number,
): ErrorCode | null {
  if (header.version !== 1) return 'BAD_VERSION';
  if (header.height !== parent.height + 1) return 'BAD_HEIGHT';
  if (header.bits !== nextBits(params, parent)) return 'BAD_BITS';
  if (BigInt(`0x${headerIdOf(header)}`) > targetOf(header.bits)) return 'BAD_WORK';
  if (header.elapsed !== nextElapsed(params, parent, header.time)) return 'BAD_ELAPSED';
  if (header.time <= parent.time) return 'TIME_TOO_OLD';
  if (hexOf(header.historyRoot) !== historyRootOf(history)) return 'BAD_HISTORY';
  if (header.time > wallMs + params.limits.futureMs) return 'TIME_TOO_NEW';
  return null;
}
