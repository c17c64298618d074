/** Owns one whole life of a world as it is told afterwards: what was done to it, and what held or broke. */
import { toHex } from '../chain/format/bytes.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import type { Verifier } from '../chain/ledger/ports.ts';
import type { Verify } from '../p2p/door.ts';
import { Life } from './life.ts';
import type { Plan } from './plan.ts';
import type { Sign } from './users.ts';
import type { Told } from './watch.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly plan: Plan;
  /** Length of the phase with faults, ms. */
  readonly safetyMs: number;
  /** Command that runs it again. */
  readonly replay: string;
  readonly verifier: Verifier;
  readonly sign?: Sign;
  readonly verify?: Verify;
  /** Told now and then how far it is, in virtual ms. */
  readonly progress?: (phase: string, nowMs: number) => void;
  /** Told of everything worth a line. */
  readonly trace?: (told: Told) => void;
}

export interface Report {
  readonly seed: number;
  readonly plan: Plan;
  /** Virtual ms of both phases. */
  readonly lastedMs: number;
  readonly blocks: number;
  readonly judged: number;
  /** Transactions of people that a node accepted, of all kinds. */
  readonly paid: number;
  /** Of what was accepted, in a block of the chain all agree on; `null` if they came to none. */
  readonly mined: number | null;
  readonly events: number;
  readonly digest: string;
  /** How often each kind of event happened. */
  readonly counts: Readonly<Record<string, number>>;
  /** What broke, with the line that replays it; `null` if all held. */
  readonly failure: string | null;
}

const LIVENESS_MS = 600_000;

export async function simulate(options: SimulationOptions): Promise<Report> {
  const { seed, plan, safetyMs, replay, verifier, sign, verify, progress, trace } = options;
  const world = new World({
    ...plan,
    seed,
    replay,
    verifier,
    ...(sign && { sign }),
    ...(verify && { verify }),
  });
  if (trace !== undefined) world.watch.trace = trace;
  const life = new Life(world, { ...plan, safetyMs, livenessMs: LIVENESS_MS, ...(progress && { progress }) });
  let failure: string | null = null;
  let mined: number | null = null;
  try {
    await life.run();
    const lost = await life.payments.lost();
    if (lost.length > 0)
      failure = `what was accepted is neither mined nor dropped openly: ${lost.map(nameOf).join('; ')}\nReplay: ${replay}`;
    mined = life.payments.accepted.size - (await life.payments.unmined()).length;
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  return {
    seed,
    plan,
    lastedMs: world.now,
    blocks: Math.max(0, ...world.up.map(({ reactor }) => reactor!.ledger.tip.height)),
    judged: world.watch.referee.judged,
    paid: life.payments.accepted.size,
    mined,
    events: world.watch.digest.count,
    digest: world.watch.digest.hex,
    counts: Object.fromEntries([...world.watch.counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    failure,
  };
}

function nameOf({ key, body, nonce, sender }: Transaction): string {
  return `${body.TAG} ${key.slice(0, 8)} with nonce ${nonce} of ${toHex(sender).slice(0, 8)}`;
}
