/**
 * Owns the adversaries that run the real node behind traffic they tamper with, or with a clock that lies: how each is
 * made. It holds no state.
 */
import type { Params } from '../../chain/format/params.ts';
import type { Verifier } from '../../chain/ledger/ports.ts';
import type { Network } from '../network.ts';
import { type NodeObserver, SimNode } from '../node.ts';
import type { Random } from '../random.ts';
import type { Schedule } from '../schedule.ts';
import { censor, dawdler, mutator, selfish, type Tamper, withholder } from './tamper.ts';

export const FALSE_NODES = ['selfish', 'withholder', 'dawdler', 'mutator', 'censor', 'warper'] as const;
export type FalseNodeName = (typeof FALSE_NODES)[number];

/** Per cent of the honest hash rate that a false node has: together they stay a minority. */
const RATE_PERCENT: Readonly<Record<FalseNodeName, number>> = {
  selfish: 25,
  withholder: 10,
  dawdler: 0,
  mutator: 15,
  censor: 10,
  warper: 20,
};
/** A liar about time is ahead for so long, then behind for as long. */
const WARP_PERIOD_MS = 120_000;
const WARP_MS = 8_000;

export interface FalseNodeOptions {
  readonly name: FalseNodeName;
  /** Honest nodes; this one comes after them. */
  readonly honest: number;
  readonly index: number;
  readonly params: Params;
  readonly verifier: Verifier;
  /** Of all honest miners. */
  readonly hashrate: number;
  /** Its share of that, if it isn't the usual one. */
  readonly percent: number | undefined;
  /** Whom a censor doesn't like. */
  readonly victim: Uint8Array;
  readonly fatal: NodeObserver['fatal'];
  /** Told of each deed. */
  readonly note: (deed: string) => void;
}

export function makeFalseNode(
  options: FalseNodeOptions,
  schedule: Schedule,
  network: Network,
  random: Random,
): SimNode {
  const { name, honest, index, params, verifier, hashrate, percent, fatal, note } = options;
  const isAhead = (nowMs: number): boolean =>
    name === 'warper' && nowMs % WARP_PERIOD_MS < WARP_PERIOD_MS / 2;
  const config = {
    index,
    params,
    verifier,
    peers: Array.from({ length: honest }, (_, i) => i),
    skewMs: 0,
    hashrate: (hashrate * (percent ?? RATE_PERCENT[name])) / 100,
    diskLatencyMs: 0,
    tamper: tamperOf(options, schedule, random),
    drift: (nowMs: number) => (isAhead(nowMs) ? WARP_MS : 0),
  };
  const watch: NodeObserver = {
    input: () => {},
    closed: () => {},
    event(_, event) {
      if (name === 'warper' && event.type === 'block' && event.link === null && isAhead(schedule.now))
        note('ahead');
    },
    rebuilt: () => {},
    fatal,
  };
  return new SimNode(config, schedule, network, random, watch);
}

function tamperOf({ name, victim, note }: FalseNodeOptions, schedule: Schedule, random: Random): Tamper {
  switch (name) {
    case 'selfish':
      return selfish(() => schedule.now, note);
    case 'withholder':
      return withholder(note);
    case 'dawdler':
      return dawdler(random, note);
    case 'mutator':
      return mutator(random, note);
    case 'censor':
      return censor(victim, note);
    case 'warper':
      return { outgoing: (bytes) => [{ bytes, afterMs: 0 }], incoming: (frame) => frame };
  }
}
