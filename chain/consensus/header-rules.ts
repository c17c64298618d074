/**
 * Owns the checks that a header must pass given its parent (stage *context*), and what its children are checked against.
 * It holds no state.
 */
import { RuleError } from '../errors.ts';
import { compareBytes, equalBytes, toHex } from '../format/bytes.ts';
import { HEADER_VERSION, type Header, headerId } from '../format/header.ts';
import type { Params } from '../format/params.ts';
import { nextBits, nextElapsed, targetBytesOf, workOf } from './difficulty.ts';
import { appendHistory, EMPTY_HISTORY, historyRoot, type Peaks } from './history.ts';

/** What a child is checked against. */
export interface HeaderContext {
  /** Block id, 32 bytes. */
  readonly id: Uint8Array;
  readonly header: Header;
  /** Peaks of the mountain range over all headers up to and including this one. */
  readonly history: Peaks;
  /** Expected hashes of the whole branch, this header included. */
  readonly work: bigint;
}

/** Root a child of `parent` must carry. */
export function historyRootAfter(parent: HeaderContext): Uint8Array {
  return historyRoot(parent.history);
}

/**
 * Checks a header against its parent, cheapest and most telling first: proof of work stands before anything that costs
 * memory. `wallMs` is the local clock; `id` is the header's own, for who has hashed it already. Returns the context for
 * its children; throws a `RuleError`.
 */
export function validateHeader(
  params: Params,
  parent: HeaderContext,
  header: Header,
  wallMs: number,
  id: Uint8Array = headerId(header),
): HeaderContext {
  const above = parent.header;
  if (!equalBytes(header.previous, parent.id)) throw new RuleError('UNKNOWN_PARENT');
  if (header.version !== HEADER_VERSION) throw new RuleError('BAD_VERSION', String(header.version));
  if (header.height !== above.height + 1) throw new RuleError('BAD_HEIGHT', String(header.height));
  if (header.bits !== childBits(params, parent)) throw new RuleError('BAD_BITS', header.bits.toString(16));
  if (!meetsTarget(id, header.bits)) throw new RuleError('BAD_WORK', toHex(id));
  if (header.elapsed !== nextElapsed(difficultyOf(params), above, header.time))
    throw new RuleError('BAD_ELAPSED');
  if (header.time <= above.time) throw new RuleError('TIME_TOO_OLD', `${header.time} after ${above.time}`);
  if (!equalBytes(header.historyRoot, historyRootAfter(parent))) throw new RuleError('BAD_HISTORY');
  if (header.time > wallMs + params.limits.futureMs) {
    throw new RuleError('TIME_TOO_NEW', `${header.time - wallMs} ms ahead`);
  }
  return contextOf(parent, header, id);
}

/** True if the id, read as a number, doesn't exceed the target of `bits`. */
export function meetsTarget(id: Uint8Array, bits: number): boolean {
  return compareBytes(id, targetBytesOf(bits)) <= 0;
}

/** The parameters in the shape the difficulty rule takes them. */
function difficultyOf(params: Params): Parameters<typeof nextBits>[0] {
  const { bits, targetMs, halfLifeMs, floorBits } = params.difficulty;
  return { genesisBits: bits, targetMs, halfLifeMs, floorBits };
}

/** Bits that every child of `parent` must carry, whenever it is mined. */
export function childBits(params: Params, parent: HeaderContext): number {
  return nextBits(difficultyOf(params), parent.header);
}

/** Bits and elapsed time that a child of `parent` mined at `time` must carry. */
export function childDifficulty(
  params: Params,
  parent: HeaderContext,
  time: number,
): { bits: number; elapsed: number } {
  return { bits: childBits(params, parent), elapsed: nextElapsed(difficultyOf(params), parent.header, time) };
}

/** The context of a header that is known to be good; `parent` is null for genesis. */
export function contextOf(parent: HeaderContext | null, header: Header, id: Uint8Array): HeaderContext {
  const work = workOf(header.bits);
  const history = appendHistory(parent === null ? EMPTY_HISTORY : parent.history, { id, work });
  return { id, header, history, work: (parent === null ? 0n : parent.work) + work };
}
