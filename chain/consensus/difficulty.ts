/**
 * Owns the difficulty rule: compact targets, the work they stand for, and ASERT. Pure arithmetic, no state.
 *
 * A target is a bigint from 1 to 2^256−1; a hash at most the target wins. On the wire it is *bits*, Bitcoin's compact
 * form: the high byte counts the target's bytes, the low 23 bits are its leading ones, bit 23 (a sign) is never set.
 *
 * ASERT is aserti3-2d (Bitcoin Cash, 2020-11-15): the target is that of an anchor, times two to the power of how far
 * the chain is behind its schedule, in half-lives. It looks at the anchor and the parent only, so it has no window
 * to game and errors don't add up. Times are whole numbers of any one unit; Pier's are milliseconds.
 */
import { assert, RuleError } from '../errors.ts';

const TARGET_LIMIT = 1n << 256n;

/** Exponents are fixed-point numbers with this many bits after the point. */
const RADIX_BITS = 16n;
const RADIX = 1n << RADIX_BITS;

/** The compact form of a target. Only its leading 15 to 23 bits fit: the rest is cut off, which never eases it. */
export function bitsOf(target: bigint): number {
  assert(target > 0n && target < TARGET_LIMIT, 'a target is from 1 to 2^256-1');
  let size = Math.ceil(target.toString(16).length / 2);
  let mantissa = size <= 3 ? Number(target) << (8 * (3 - size)) : Number(target >> BigInt(8 * (size - 3)));
  if ((mantissa & 0x80_0000) !== 0) {
    mantissa >>>= 8;
    size += 1;
  }
  return size * 2 ** 24 + mantissa;
}

/**
 * The target of compact bits. `RuleError('BAD_BITS')` unless they are the one canonical form of a target: not
 * negative, not zero, below 2^256, no shorter form.
 */
export function targetOf(bits: number): bigint {
  const size = sizeOf(bits);
  const mantissa = bits & 0x7f_ffff;
  return size <= 3 ? BigInt(mantissa >>> (8 * (3 - size))) : BigInt(mantissa) << BigInt(8 * (size - 3));
}

/** The same target as 32 big-endian bytes, as a hash is compared with. */
export function targetBytesOf(bits: number): Uint8Array {
  const size = sizeOf(bits);
  const bytes = new Uint8Array(32);
  for (let i = 0; i < Math.min(3, size); i++) {
    // Of 33 bytes the first is zero.
    if (i >= size - 32) bytes[32 - size + i] = bits >>> (8 * (2 - i));
  }
  return bytes;
}

/** Bytes of the target of compact bits, which are checked. */
function sizeOf(bits: number): number {
  if (!Number.isInteger(bits) || bits < 0 || bits > 0xffff_ffff) {
    throw new RuleError('BAD_BITS', 'not a 32-bit number');
  }
  const size = bits >>> 24;
  const mantissa = bits & 0xff_ffff;
  if (mantissa > 0x7f_ffff) throw new RuleError('BAD_BITS', 'negative');
  if (mantissa === 0) throw new RuleError('BAD_BITS', 'zero');
  // It takes a byte less if the leading one is zero and needn't be, and it can't have set what its size cuts off.
  const cut = size < 3 ? mantissa & (2 ** (8 * (3 - size)) - 1) : 0;
  if (mantissa < 0x8000 || cut !== 0) throw new RuleError('BAD_BITS', 'not canonical');
  if (size > 33 || (size === 33 && mantissa > 0xffff)) throw new RuleError('BAD_BITS', 'over 2^256-1');
  return size;
}

/** Work of a block: the number of hashes that reaching its target takes on average. At least 1. */
export function workOf(bits: number): bigint {
  return TARGET_LIMIT / (targetOf(bits) + 1n);
}

export interface AsertInput {
  /** Compact target of the anchor block. */
  readonly anchorBits: number;
  /** Time a block should take. */
  readonly targetMs: number;
  /** Being this late doubles the target; being this early halves it. */
  readonly halfLifeMs: number;
  /** The easiest target allowed, as bits. */
  readonly floorBits: number;
  /** Time of the parent, minus that of the anchor's parent. */
  readonly timeDelta: number;
  /** Height of the parent, minus that of the anchor. */
  readonly heightDelta: number;
}

/** The bits of the block after the parent, by aserti3-2d; its target is from 1 to that of `floorBits`. */
export function asert(input: AsertInput): number {
  const floor = targetOf(input.floorBits);
  const ideal = BigInt(input.targetMs) * (BigInt(input.heightDelta) + 1n);
  // Bigint division cuts toward zero, as the specification's does; the shift below rounds down, as its does.
  const exponent = ((BigInt(input.timeDelta) - ideal) * RADIX) / BigInt(input.halfLifeMs);
  const shifts = exponent >> RADIX_BITS;
  // Beyond 2^±256 the answer is a limit whatever the anchor; leaving here bounds the size of the shift.
  if (shifts > 256n) return input.floorBits;
  if (shifts < -256n) return bitsOf(1n);
  const fraction = exponent - shifts * RADIX;
  // 2^fraction in 16-bit fixed point, by the specification's cubic: off by less than 0.013 %.
  const factor =
    RADIX +
    ((195_766_423_245_049n * fraction +
      971_821_376n * fraction ** 2n +
      5_127n * fraction ** 3n +
      (1n << 47n)) >>
      48n);
  const scaled = targetOf(input.anchorBits) * factor;
  const shift = shifts - RADIX_BITS;
  const target = shift < 0n ? scaled >> -shift : scaled << shift;
  if (target > floor) return input.floorBits;
  return bitsOf(target > 0n ? target : 1n);
}

/** What a ledger's genesis says about difficulty. */
export interface DifficultyParams {
  /** Bits of the genesis block, the anchor. */
  readonly genesisBits: number;
  /** Milliseconds a block should take. */
  readonly targetMs: number;
  readonly halfLifeMs: number;
  /** The easiest target allowed, as bits. */
  readonly floorBits: number;
}

/**
 * The bits that the child of `parent` must carry. Time is the chain's *elapsed* time, 0 at genesis; the anchor is
 * genesis, with a parent imagined one spacing before it, so the exponent is (elapsed − targetMs·height) / halfLifeMs.
 * The child's own time isn't asked for, so no miner can ease the block it is working on.
 */
export function nextBits(
  params: DifficultyParams,
  parent: { readonly height: number; readonly elapsed: number },
): number {
  return asert({
    anchorBits: params.genesisBits,
    targetMs: params.targetMs,
    halfLifeMs: params.halfLifeMs,
    floorBits: params.floorBits,
    timeDelta: parent.elapsed + params.targetMs,
    heightDelta: parent.height,
  });
}

/**
 * The elapsed time a child of `parent` with this `time` must carry, in ms: the parent's plus the time since, of which
 * at most one half-life counts. So a network that slept wakes up with a target eased by 2 and not by 2^(hours), and
 * one block never eases the next by more than 2. `RuleError('TIME_TOO_OLD')` if the child isn't later.
 */
export function nextElapsed(
  params: Pick<DifficultyParams, 'halfLifeMs'>,
  parent: { readonly time: number; readonly elapsed: number },
  time: number,
): number {
  if (!(time > parent.time)) throw new RuleError('TIME_TOO_OLD');
  return parent.elapsed + Math.min(time - parent.time, params.halfLifeMs);
}
