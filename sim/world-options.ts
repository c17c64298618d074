/** Owns the choices that make a world, all of them with a usual value but the seed and the number of nodes. */
import type { Params } from '../chain/format/params.ts';
import type { Verifier } from '../chain/ledger/ports.ts';
import type { Verify } from '../p2p/door.ts';
import type { EclipseSize } from './adversaries/eclipser.ts';
import type { AdversaryName } from './adversaries/gang.ts';
import type { Sign } from './users.ts';

export interface WorldOptions {
  /** A u32. */
  readonly seed: number;
  readonly nodes: number;
  /** Command that runs this world again. */
  readonly replay: string;
  /** Of all nodes, how many mine: the first ones. All unless given. */
  readonly miners?: number;
  /** Hash rates differ from miner to miner. */
  readonly uneven?: boolean;
  /** How many run from the beginning: the first ones. All unless given. */
  readonly started?: number;
  /** Nodes besides that may join later, with nothing on their disks. */
  readonly spares?: number;
  /** Of the nodes, how many nobody can dial: the last ones that run from the beginning. None unless given. */
  readonly hidden?: number;
  readonly users?: number;
  readonly blockMs?: number;
  /** Another ledger than the usual one of worlds. */
  readonly amend?: (params: Params) => Params;
  /** Milliseconds all wall clocks are ahead of genesis besides, at a time of the world. */
  readonly aheadMs?: (nowMs: number) => number;
  readonly latencyMs?: readonly [number, number];
  readonly bytesPerMs?: number | null;
  /** Wall clocks are off by up to so much, either way. */
  readonly skewMs?: number;
  readonly diskLatencyMs?: number;
  readonly adversaries?: readonly AdversaryName[];
  /** How many an eclipser is; few unless given. */
  readonly eclipse?: EclipseSize;
  /** Indexes of the nodes that each is told of; the ones before it unless given. */
  readonly peersOf?: (index: number) => readonly number[];
  /** Hash rates of adversaries, each in per cent of all honest nodes' together, where they aren't the usual ones. */
  readonly adversaryPercent?: Partial<Record<AdversaryName, number>>;
  /** Makes signatures; the same ones as without it, sooner. */
  readonly sign?: Sign;
  /** Checks the signatures of handshakes: the same verdicts as without it, sooner. */
  readonly verify?: Verify;
  /** Makes the checks of signatures; each is asked for once. */
  readonly verifier?: Verifier;
}
