/** Owns how often a node of the world looks through its old rows: less often than a real one, since a world has many nodes. */
import type { Clock } from '../node/ports.ts';
import type { Reactor } from '../node/reactor/reactor.ts';
import { Scrubber } from '../node/scrubber.ts';
import type { Schedule } from './schedule.ts';
import { VirtualTimer } from './timer.ts';

const STEP_MS = 10_000;
const ROUND_MS = 600_000;

export function makeScrubber(reactor: Reactor, clock: Clock, schedule: Schedule, bootedAt: number): Scrubber {
  return new Scrubber({
    ledger: reactor.ledger,
    clock,
    timer: new VirtualTimer(schedule, bootedAt),
    busy: () => reactor.busy,
    fatal: (error) => reactor.fail(error),
    stepMs: STEP_MS,
    roundMs: ROUND_MS,
  });
}
