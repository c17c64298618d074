/**
 * Owns the check of a chain too long to be read in full: which headers are drawn, and what each must show. After FlyClient
 * (Bünz, Kiffer, Luu, Zamani, 2020; IACR ePrint 2019/226, section 5): the client draws places in the chain's *work*, ever
 * denser towards its end, so that a forger gains nothing by where he begins. docs/LIGHT-CLIENT.md has the formula
 * and what it doesn't promise. Holds no state.
 */
import { nextBits, nextElapsed, workOf } from '../../chain/consensus/difficulty.ts';
import { type HeaderContext, meetsTarget } from '../../chain/consensus/header-rules.ts';
import type { HeaderSample } from '../../chain/consensus/header-sample.ts';
import { historyRoot } from '../../chain/consensus/history.ts';
import { peaksBefore, verifyHistoryProof, workBelow } from '../../chain/consensus/history-proof.ts';
import { equalBytes } from '../../chain/format/bytes.ts';
import { HEADER_VERSION, type Header, headerId } from '../../chain/format/header.ts';
import type { Params } from '../../chain/format/params.ts';
import { NodeLie } from './faults.ts';

/** A forged chain passes with a chance of at most 2^-50. */
export const SECURITY_BITS = 50;
/** The forger does at most this part of the work that honest miners do. */
const FORGER_SHARE = 0.5;
const FRACTION_BITS = 53n;

/** A stretch of a chain that is to be sampled: all headers after `from`, up to the last `tail` ones. */
export interface Stretch {
  /** Verified before. */
  readonly from: HeaderContext;
  /** The first of the headers checked in full; its history holds the stretch. */
  readonly base: HeaderContext;
  /** Cumulative work at the end of the chain. */
  readonly endWork: bigint;
}

/** Work that a sample must stand at, counted from the genesis. */
export type Draw = bigint;

/** Headers to draw so that a forged stretch passes with a chance of at most 2^-SECURITY_BITS: 1 to 1,820. */
export function countSamples(stretch: Stretch): number {
  const caught = Math.min(1, Math.log(FORGER_SHARE) / Math.log(tailOf(stretch)));
  if (caught === 1) return 1;
  return Math.ceil((-SECURITY_BITS * Math.LN2) / Math.log(1 - caught));
}

/** Draws places in the work between `from` and `base`. `random` gives so many random bytes. */
export function drawSamples(stretch: Stretch, random: (length: number) => Uint8Array): Draw[] {
  const { from, base, endWork } = stretch;
  const span = endWork - from.work;
  const last = workUpTo(base) - 1n;
  const tail = tailOf(stretch);
  const draws: Draw[] = [];
  for (let left = countSamples(stretch); left > 0; left--) {
    // The density 1 / ((x - 1) ln δ) over [0, 1 - δ], by the inverse of its distribution.
    const place = 1 - tail ** uniform(random);
    const work = from.work + ((span * BigInt(Math.floor(place * 2 ** 53))) >> FRACTION_BITS);
    draws.push(work > last ? last : work);
  }
  return draws;
}

/** A sample that was checked by itself. */
export interface Checked {
  readonly header: Header;
  /** Work of all headers below it. */
  readonly below: bigint;
}

/**
 * Checks one sample against the history of `base`: its work and its parent's, that its difficulty and times follow from
 * the parent, that it stands at its place and, if drawn, over the drawn work, and that it commits to the very history
 * that lies before it. Throws `NodeLie`.
 */
export function checkSample(
  params: Params,
  base: HeaderContext,
  { header, parent, place }: HeaderSample,
  draw: Draw | null,
): Checked {
  const where = `header ${header.height}`;
  const id = headerId(header);
  const work = workOf(header.bits);
  const proof = { count: base.header.height, siblings: place };
  if (!verifyHistoryProof(base.header.historyRoot, { id, work, height: header.height }, proof)) {
    throw new NodeLie(`${where} is not in the history of block ${base.header.height}`);
  }
  const below = workBelow(header.height, proof);
  if (draw !== null && (draw < below || draw >= below + work))
    throw new NodeLie(`${where} is not the one asked for`);
  if (parent !== null) checkStep(params, parent, header, id);
  else if (header.height !== 0) throw new NodeLie(`${where} comes without its parent`);
  if (!equalBytes(historyRoot(peaksBefore(header.height, proof)), header.historyRoot)) {
    throw new NodeLie(`${where} commits to another history than block ${base.header.height}`);
  }
  return { header, below };
}

/** Checks a header against its parent, but for the history that both commit to. Throws `NodeLie`. */
export function checkStep(params: Params, parent: Header, header: Header, id: Uint8Array): void {
  const where = `header ${header.height}`;
  const rules = rulesOf(params);
  const parentId = headerId(parent);
  if (
    header.version !== HEADER_VERSION ||
    header.height !== parent.height + 1 ||
    !equalBytes(header.previous, parentId)
  ) {
    throw new NodeLie(`${where} does not follow its parent`);
  }
  if (header.time <= parent.time) throw new NodeLie(`${where} is not later than its parent`);
  if (header.bits !== nextBits(rules, parent))
    throw new NodeLie(`${where} has another difficulty than the rule gives`);
  if (header.elapsed !== nextElapsed(rules, parent, header.time))
    throw new NodeLie(`${where} has a false elapsed time`);
  if (!meetsTarget(id, header.bits)) throw new NodeLie(`${where} has no valid proof of work`);
  if (parent.height > 0 && !meetsTarget(parentId, parent.bits)) {
    throw new NodeLie(`the parent of ${where} has no valid proof of work`);
  }
}

/**
 * Checks two neighbours among the samples, `a` below `b`: times grow, elapsed time grows no faster than the rule lets it,
 * and the work between them is what the difficulty rule can give over that time. Throws `NodeLie`.
 */
export function checkBetween(params: Params, a: Checked, b: Checked): void {
  const blocks = b.header.height - a.header.height;
  const time = b.header.time - a.header.time;
  const elapsed = b.header.elapsed - a.header.elapsed;
  const fast = elapsed > time || elapsed > blocks * params.difficulty.halfLifeMs;
  const where = `between headers ${a.header.height} and ${b.header.height}`;
  if (blocks <= 0 || time < blocks || elapsed < blocks || fast) {
    throw new NodeLie(`the times it shows ${where} can't be`);
  }
  const count = BigInt(blocks - 1);
  const work = b.below - a.below - workOf(a.header.bits);
  // The target falls with the height and grows with elapsed time: these two are the extremes.
  const rules = rulesOf(params);
  const hardest = workOf(nextBits(rules, { height: b.header.height - 2, elapsed: a.header.elapsed }));
  const easiest = workOf(nextBits(rules, { height: a.header.height, elapsed: b.header.elapsed }));
  if (work < count * easiest || work > count * hardest)
    throw new NodeLie(`the work it shows ${where} can't be`);
}

/** Work below a header. */
export function workUpTo({ work, header }: HeaderContext): bigint {
  return work - workOf(header.bits);
}

function rulesOf({ difficulty }: Params): Parameters<typeof nextBits>[0] {
  const { bits, targetMs, halfLifeMs, floorBits } = difficulty;
  return { genesisBits: bits, targetMs, halfLifeMs, floorBits };
}

/** δ: the part of the work that is checked in full. Above 0; it may be 1 and no more. */
function tailOf({ from, base, endWork }: Stretch): number {
  const part = ((endWork - workUpTo(base)) << FRACTION_BITS) / (endWork - from.work);
  return Math.max(1, Number(part)) / 2 ** 53;
}

/** From 0 to 1, 1 itself excluded. */
function uniform(random: (length: number) => Uint8Array): number {
  let value = 0;
  for (const byte of random(6)) value = value * 256 + byte;
  return value / 2 ** 48;
}
