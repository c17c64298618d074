/**
 * Owns the figures of a large world: how far and how fast blocks and transactions spread, what that costs, and how often
 * the chain forks; and the goals they are held to. It holds no state.
 */
import type { MessageName } from '../../p2p/messages.ts';
import { EXECUTE_MS } from './light-node.ts';
import { quantile } from './spread.ts';
import type { BlockStory } from './tally.ts';
import { ScaleWorld } from './world.ts';

export interface ScaleOptions {
  readonly nodes: number;
  readonly seed: number;
  /** Blocks found, on average. */
  readonly blocks: number;
  /** Transactions sent, on average. */
  readonly transactions: number;
  /** Told now and then how far it is. */
  readonly progress?: (what: string) => void;
}

/** Milliseconds until half and 99 % of the nodes have something: medians over all blocks or transactions. */
interface Pace {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ScaleFigures {
  readonly nodes: number;
  readonly seed: number;
  /** Virtual time that was measured. */
  readonly lastedMs: number;
  readonly joined: number;
  /** Links that a node has dialled: mean and least. */
  readonly outbound: { readonly mean: number; readonly least: number };
  /** Mean one-way latency of a frame. */
  readonly linkDelayMs: number;
  /** Blocks of the chain whose transactions nearly all nodes knew, and the others of it. */
  readonly known: Pace;
  readonly fresh: Pace;
  readonly transactions: Pace & {
    /** For each transaction, how often a node got its bytes, was told of it, and what all that took, in bytes. */
    readonly bodies: number;
    readonly announcements: number;
    readonly bytes: number;
  };
  /** Bytes sent a node for each block found, and for links, addresses and all else in a second. */
  readonly blockBytes: number;
  readonly idleBytes: number;
  readonly forks: {
    readonly found: number;
    readonly stale: number;
    /** Share of work done on an old tip, if a block came every ten seconds: the time blocks take to get to a miner. */
    readonly expected: number;
  };
  /** Share of the nodes on the best tip in the end. */
  readonly agree: number;
  readonly frames: number;
  readonly events: Readonly<Record<string, number>>;
  readonly digest: string;
}

const BLOCK_MS = 5_000;
const TEN_SECONDS_MS = 10_000;

const TRANSACTION_MESSAGES: readonly MessageName[] = ['announce', 'getTransactions', 'transactions'];
const BLOCK_MESSAGES: readonly MessageName[] = [
  'block',
  'getBlockTransactions',
  'blockTransactions',
  'tip',
  'getHeaders',
  'headers',
  'getBodies',
  'body',
  'noBody',
];

/** Makes a world, lets it live, and measures it. The same options give the same figures. */
export async function measureScale(options: ScaleOptions): Promise<ScaleFigures> {
  const { nodes, seed, blocks, transactions, progress = () => {} } = options;
  const lastsMs = blocks * BLOCK_MS;
  const plan = { nodes, seed, blockMs: BLOCK_MS, transactionMs: lastsMs / transactions };
  const world = await ScaleWorld.make(plan, 2 * transactions);
  world.start(progress);
  const startedAt = world.queue.now;
  world.live(lastsMs, progress);
  return figuresOf(world, world.queue.now - startedAt);
}

function figuresOf(world: ScaleWorld, lastedMs: number): ScaleFigures {
  const { tally, nodes, plan } = world;
  const best = nodes.map(({ ledger }) => ledger.tip).reduce((a, b) => (b.work > a.work ? b : a));
  const chain = new Set<string>();
  for (let node = best; node.parent !== null; node = node.parent) chain.add(node.key);
  const found = [...tally.blocks.values()];
  const kept = found.filter(({ key }) => chain.has(key));
  const sent = [...tally.transactions.values()];
  const outbound = nodes.map(({ machine }) => machine.peers().filter(({ inbound }) => !inbound).length);
  const copies = sent.reduce((sum, { bodies }) => sum + bodies, 0);
  const receivers = sent.reduce((sum, { spread }) => sum + spread.count - 1, 0);
  const all = [...tally.bytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const forTransactions = tally.bytesOf(...TRANSACTION_MESSAGES);
  const forBlocks = tally.bytesOf(...BLOCK_MESSAGES);
  return {
    nodes: plan.nodes,
    seed: plan.seed,
    lastedMs,
    joined: world.joined,
    outbound: { mean: mean(outbound), least: Math.min(...outbound) },
    linkDelayMs: tally.delaySumMs / tally.frames,
    known: paceOf(kept.filter(({ known }) => known)),
    fresh: paceOf(kept.filter(({ known }) => !known)),
    transactions: {
      ...paceOf(sent),
      bodies: copies / receivers,
      announcements: tally.announced / receivers,
      bytes: forTransactions / receivers,
    },
    blockBytes: forBlocks / (found.length * plan.nodes),
    idleBytes: (all - forTransactions - forBlocks) / ((plan.nodes * lastedMs) / 1000),
    forks: {
      found: found.length,
      stale: found.length - kept.length,
      expected: mean(kept.map(({ spread }) => spread.meanMs + EXECUTE_MS)) / TEN_SECONDS_MS,
    },
    agree: nodes.filter(({ ledger }) => ledger.tip.work === best.work).length / nodes.length,
    frames: tally.frames,
    events: Object.fromEntries([...tally.events].sort(([a], [b]) => (a < b ? -1 : 1))),
    digest: tally.digest.hex,
  };
}

function paceOf(stories: readonly Pick<BlockStory, 'spread'>[]): Pace {
  return {
    count: stories.length,
    p50Ms: quantile(stories.map(({ spread }) => spread.percentile(50))),
    p99Ms: quantile(stories.map(({ spread }) => spread.percentile(99))),
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
