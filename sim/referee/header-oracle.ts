/**
 * Owns a second implementation of all a header must obey: bytes, id, work, target, time. Written from the specification
 * and sharing nothing with `chain/consensus`, so that a mistake there isn't made here too. It holds no state but a
 * hasher and a message that are used again.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Header } from '../../chain/format/header.ts';
import type { Params } from '../../chain/format/params.ts';
import { hexOf } from './hex.ts';

/** What a child is judged by. */
export interface Ancestor {
  readonly id: Uint8Array;
  readonly height: number;
  readonly time: number;
  readonly elapsed: number;
}

const ONE = 65_536n;

/** Begun with nothing, and the one that hashes: to make one takes as long as to hash. */
const blank = sha256.create();
const hasher = sha256.create();
/** Room for the parts of all but the longest messages, joined: the hasher makes an array of its own of a part it has to divide. */
const room = new Uint8Array(1024);

type Part = Uint8Array | readonly number[];

/** SHA-256 of a domain and parts. */
export function digest(domain: string, ...parts: readonly Part[]): Uint8Array {
  const length = lengthOf(domain, parts);
  const message = length <= room.length ? room.subarray(0, length) : new Uint8Array(length);
  join(message, domain, parts);
  blank._cloneInto(hasher);
  return hasher.update(message).digest();
}

/** A domain and parts, one after the other. */
export function joined(domain: string, ...parts: readonly Part[]): Uint8Array {
  return join(new Uint8Array(lengthOf(domain, parts)), domain, parts);
}

function lengthOf(domain: string, parts: readonly Part[]): number {
  let length = domain.length;
  for (const part of parts) length += part.length;
  return length;
}

function join(message: Uint8Array, domain: string, parts: readonly Part[]): Uint8Array {
  for (let i = 0; i < domain.length; i++) message[i] = domain.charCodeAt(i);
  let at = domain.length;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}

/** A whole number in `size` big-endian bytes. */
export function bigEndian(value: number, size: number): number[] {
  const bytes = new Array<number>(size);
  let left = value;
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = left % 256;
    left = Math.floor(left / 256);
  }
  return bytes;
}

/** Id of a block. */
export function idOf(header: Header): Uint8Array {
  return digest(
    'pier/hdr',
    [header.version, ...bigEndian(header.height, 4)],
    header.previous,
    header.historyRoot,
    header.txRoot,
    header.stateRoot,
    [...bigEndian(header.time, 8), ...bigEndian(header.elapsed, 8), ...bigEndian(header.bits, 4)],
    header.miner,
    bigEndian(header.nonce, 8),
  );
}

/** The target that compact bits stand for. */
export function targetOfBits(bits: number): bigint {
  const size = Math.floor(bits / 0x100_0000);
  const digits = (bits % 0x100_0000).toString(16).padStart(6, '0');
  return BigInt(`0x${size >= 3 ? digits + '00'.repeat(size - 3) : digits.slice(0, 2 * size)}`);
}

/** Compact bits of a target: its digits in pairs, the first three pairs kept, the first of them below 80. */
function bitsOfTarget(target: bigint): number {
  let digits = target.toString(16);
  if (digits.length % 2 === 1) digits = `0${digits}`;
  if (Number.parseInt(digits.slice(0, 2), 16) >= 0x80) digits = `00${digits}`;
  return (digits.length / 2) * 0x100_0000 + Number.parseInt(digits.padEnd(6, '0').slice(0, 6), 16);
}

/** Bits of the block after `parent` by aserti3-2d, its anchor the genesis. */
export function expectedBits(params: Params, parent: Ancestor): number {
  const { bits, floorBits, targetMs, halfLifeMs } = params.difficulty;
  const late = BigInt(parent.elapsed) - BigInt(targetMs) * BigInt(parent.height);
  const magnitude = ((late < 0n ? -late : late) * ONE) / BigInt(halfLifeMs);
  const exponent = late < 0n ? -magnitude : magnitude;
  const fraction = ((exponent % ONE) + ONE) % ONE;
  const halvings = (exponent - fraction) / ONE;
  const cubic =
    195_766_423_245_049n * fraction + 971_821_376n * fraction * fraction + 5_127n * fraction ** 3n;
  const factor = ONE + (cubic + (1n << 47n)) / (1n << 48n);
  const numerator = targetOfBits(bits) * factor * (halvings > 0n ? 1n << halvings : 1n);
  const target = numerator / (ONE * (halvings < 0n ? 1n << -halvings : 1n));
  const floor = targetOfBits(floorBits);
  return bitsOfTarget(target > floor ? floor : target < 1n ? 1n : target);
}

/** What is wrong with a header given its parent; `null` if nothing. */
export function headerFault(params: Params, parent: Ancestor, header: Header, id: Uint8Array): string | null {
  if (hexOf(header.previous) !== hexOf(parent.id)) return 'it does not follow its parent';
  if (header.version !== 1 || header.height !== parent.height + 1) return 'version or height';
  if (header.time <= parent.time) return 'its time is not after its parent';
  const since = header.time - parent.time;
  const counted = since > params.difficulty.halfLifeMs ? params.difficulty.halfLifeMs : since;
  if (header.elapsed !== parent.elapsed + counted) return 'elapsed time';
  const bits = expectedBits(params, parent);
  if (header.bits !== bits) return `its bits are ${header.bits}, the schedule gives ${bits}`;
  if (BigInt(`0x${hexOf(id)}`) > targetOfBits(bits)) return 'it has no proof of work';
  return null;
}

/** Root over the ids of a block's transactions. */
export function transactionsRoot(ids: readonly Uint8Array[]): Uint8Array {
  const leaves = ids.map((id) => digest('pier/txl', id));
  const top = (from: number, to: number): Uint8Array => {
    if (to - from === 1) return leaves[from]!;
    // The left part is the largest power of two that leaves something for the right.
    let left = 1;
    while (2 * left < to - from) left *= 2;
    return digest('pier/txn', top(from, from + left), top(from + left, to));
  };
  return digest(
    'pier/txr',
    bigEndian(ids.length, 4),
    ids.length === 0 ? new Uint8Array(32) : top(0, ids.length),
  );
}
