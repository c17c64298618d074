/**
 * Owns following one node's best chain from what was verified before to its end: each header in full if the gap is
 * short, else the last `TAIL` in full and samples of the rest. Asks for no more than
 * `GAP_MAX` headers, the samples, and a few headers for each place where the chain may have been left.
 */

import { workOf } from '../../chain/consensus/difficulty.ts';
import { type HeaderContext, validateHeader } from '../../chain/consensus/header-rules.ts';
import { appendHistory, historyRoot, historyWork } from '../../chain/consensus/history.ts';
import { decodePeaks } from '../../chain/consensus/history-peaks.ts';
import { equalBytes, toHex } from '../../chain/format/bytes.ts';
import { type Header, headerId } from '../../chain/format/header.ts';
import type { Params } from '../../chain/format/params.ts';
import { expose, NodeLie, Unsettled } from './faults.ts';
import { HEADERS_PER_CALL, type HeaderSource } from './header-source.ts';
import { type Checked, checkBetween, checkSample, checkStep, drawSamples, workUpTo } from './sampling.ts';
import { type Branch, fallbacks, type VerifiedChain } from './verified-chain.ts';

/** Headers checked one by one; a longer gap is sampled. */
export const GAP_MAX = 2_000;
/** Headers at the end that are checked in full when the rest is sampled. */
export const TAIL = 1_000;
/** Headers of the first question, which also shows whether the node has the chain so far. */
const PROBE = 64;

export interface Surroundings {
  /** The local clock: a block too far ahead of it isn't taken. */
  wallMs(): number;
  /** So many bytes nobody can guess. */
  random(length: number): Uint8Array;
}

/** The node's best chain from a header of `chain` to its end. Throws `NodeLie`, or as the client does. */
export async function followNode(
  source: HeaderSource,
  chain: VerifiedChain,
  world: Surroundings,
): Promise<Branch> {
  const { params } = chain.ledger;
  for (const known of fallbacks(chain)) {
    const { height } = known.header;
    const { headers, height: end } = await source.headers(height, PROBE);
    const first = headers[0];
    if (first === undefined || !equalBytes(headerId(first), known.id)) continue;
    const sampledTo = Math.min(chain.sampledTo, height);
    if (end - height > GAP_MAX) return sample(source, params, known, end, world);
    const row = chain.recent.filter(({ header }) => header.height < height);
    const before = row.at(-1)?.header.height === height - 1 ? row : [];
    const contexts = [...before, known, ...extend(params, known, headers.slice(1), world)];
    while (contexts.at(-1)!.header.height < end) {
      const last = contexts.at(-1)!;
      const more = await source.headers(last.header.height + 1, HEADERS_PER_CALL);
      // Its chain was reorganised meanwhile: what came is in a row all the same.
      if (more.headers.length === 0) break;
      contexts.push(...extend(params, last, more.headers, world));
    }
    return { fork: known, contexts, sampledTo };
  }
  throw new NodeLie(
    `its chain does not begin with the genesis of this ledger, ${toHex(chain.ledger.genesis.id).slice(0, 16)}…`,
  );
}

/** Each header checked against the one before. */
function extend(
  params: Params,
  known: HeaderContext,
  headers: readonly Header[],
  { wallMs }: Surroundings,
): HeaderContext[] {
  const contexts: HeaderContext[] = [];
  let parent = known;
  for (const header of headers) {
    const now = wallMs();
    const { futureMs } = params.limits;
    // Either clock may be wrong, so it is no lie.
    if (header.time - futureMs > now) {
      const newest = Math.max(...headers.map(({ time }) => time));
      throw aheadOfClock(header, now, newest - futureMs);
    }
    parent = expose(`its header ${header.height}`, () => validateHeader(params, parent, header, wallMs()));
    contexts.push(parent);
  }
  return contexts;
}

function aheadOfClock({ height, time }: Header, now: number, taken: number): Unsettled {
  const seconds = Math.round((time - now) / 1_000);
  const wait = Math.ceil((taken - now) / 1_000);
  const hint = `set this machine's clock right; if it is right already, the clock of the block's miner was ahead: try again in ${wait} s`;
  return new Unsettled(`its block ${height} is ${seconds} s ahead of this machine's clock`, hint);
}

async function sample(
  source: HeaderSource,
  params: Params,
  from: HeaderContext,
  end: number,
  world: Surroundings,
): Promise<Branch> {
  const { contexts, base } = await fetchTail(source, params, end - TAIL, world);
  const endWork = contexts.at(-1)!.work;
  if (endWork <= from.work)
    throw new NodeLie(`its chain has less work than the part of it that was checked before`);
  const stretch = { from, base, endWork };
  const works = drawSamples(stretch, world.random);
  const [start, ...drawn] = [
    ...(await source.samples(base.id, { heights: [from.header.height] })),
    ...(await source.samples(base.id, { works })),
  ];
  const first = expose('a header it sends', () => checkSample(params, base, start!, null));
  if (!equalBytes(headerId(first.header), from.id) || first.below !== workUpTo(from)) {
    throw new NodeLie(`its chain leaves out block ${from.header.height}, which was checked before`);
  }
  const checked = drawn.map((one, i) =>
    expose('a header it sends', () => checkSample(params, base, one, works[i]!)),
  );
  const last: Checked = { header: base.header, below: workUpTo(base) };
  inOrder([first, ...checked, last]).reduce((a, b) => {
    checkBetween(params, a, b);
    return b;
  });
  return { fork: from, contexts, sampledTo: base.header.height };
}

/** The headers from `height` on in full, and the peaks they go on from. */
async function fetchTail(
  source: HeaderSource,
  params: Params,
  height: number,
  world: Surroundings,
): Promise<{ contexts: HeaderContext[]; base: HeaderContext }> {
  const first = await source.headers(height - 1, HEADERS_PER_CALL);
  const [parent, header] = first.headers;
  if (parent === undefined || header === undefined)
    throw new NodeLie('its chain ends before the height it claims');
  const id = headerId(header);
  expose(`its header ${height}`, () => checkStep(params, parent, header, id));
  const bytes = await source.peaks(id);
  const peaks = expose('the history it sends', () => decodePeaks(bytes, height));
  if (!equalBytes(historyRoot(peaks), header.historyRoot)) {
    throw new NodeLie(`the history it sends is not the one header ${height} commits to`);
  }
  const work = workOf(header.bits);
  const base: HeaderContext = {
    id,
    header,
    history: appendHistory(peaks, { id, work }),
    work: historyWork(peaks) + work,
  };
  const contexts = [base, ...extend(params, base, first.headers.slice(2), world)];
  while (contexts.length <= TAIL) {
    const last = contexts.at(-1)!;
    const more = await source.headers(last.header.height + 1, HEADERS_PER_CALL);
    if (more.headers.length === 0) break;
    contexts.push(...extend(params, last, more.headers, world));
  }
  if (contexts.length < TAIL) throw new NodeLie('its chain ends before the height it claims');
  return { contexts, base };
}

/** By height, each once. */
function inOrder(samples: readonly Checked[]): Checked[] {
  const sorted = [...samples].sort((a, b) => a.header.height - b.header.height);
  return sorted.filter(({ header }, i) => i === 0 || header.height !== sorted[i - 1]!.header.height);
}
