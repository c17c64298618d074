/**
 * Owns the bounds of all that peers can make a node hold, and how long an answer is waited for: written a second time, on
 * purpose, from the comments that state them in `p2p/`. It holds no state.
 */
import type { Reactor } from '../node/reactor/reactor.ts';
import { type Census, fullestOf } from '../p2p/census.ts';
import { AuditError } from './audit-error.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Inbound, in their handshake, one being refused, outbound, feelers and those that stay, and those the operator names. */
const LINKS_MAX = 64 + 256 + 1 + 8 + 11 + 256;

/** Of a container of each link what the fullest may hold, of one in common what it may. */
const MOST: Readonly<Record<string, number>> = {
  'machine.links': LINKS_MAX,
  'machine.closed': 0,
  'machine.discouraged': 1_024,
  'machine.heldBytes': 16 * MIB,
  // Above 8 MiB a link is closed, with the message that was too much.
  'machine.queuedBytes': 10 * MIB,
  // With the message that was too much, and half a MiB for each link beyond the bound of all.
  'machine.allQueuedBytes': 40 * MIB,
  'machine.allHeldBytes': (64 + (LINKS_MAX >> 1)) * MIB,
  'admission.greeting': 256,
  'intake.waiting': 256,
  'intake.waitingBytes': 256 * KIB,
  // Four links, and one address to see whether it answers.
  'dialler.dialling': 5,
  'feeler.trials': 8,
  'feeler.extras': 2,
  'dialler.own': 17,
  'addresses.book': 2_048 + 512 + 256,
  'announcer.known': 2 * 8_192,
  'announcer.waiting': 65_536,
  'fetcher.announced': 4_096,
  'fetcher.queue': 2 * 4_096,
  'fetcher.requests': 8,
  'fetcher.checkingBytes': 4 * MIB,
  // Bounded by their bytes, above.
  'fetcher.checking': Number.POSITIVE_INFINITY,
  'fetcher.refused': 2 * 16_384,
  'fetcher.late': 2 * 4_096,
  'relay.recent': 4,
  'relay.early': 4,
  'relay.blocks': 64,
  'relay.rebuilds': 2,
  'headers.unproven': 8_192,
  'headers.walkBytes': 2 * MIB,
  // As many as there are headers on the best chain, which cost their work.
  'bodies.missing': Number.POSITIVE_INFINITY,
  'bodies.handed': 2_048,
  'bodies.inFlight': 64,
  'lost.asked': 16,
  // Until the ledger has stored them: what came in one request, and what was under way.
  'lost.handed': 2 * 16,
  'serving.reads': 64,
  'serving.waiting': 128,
  'serving.reading': 8,
  'admissions.queued': 20_000,
  'admissions.waiting': 2_000,
  'admissions.tried': 10_000,
  // What was asked for before the window was full may still come.
  'ledger.heldBytes': 128 * MIB,
  'pool.memory': 24 * MIB,
};

/** What all links together may hold, for each of them. */
const MOST_PER_LINK: Readonly<Record<string, number>> = {
  'intake.peers': 1,
  'handshake.peers': 1,
  'keepAlive.peers': 1,
  'addresses.peers': 1,
  'announcer.peers': 1,
  'fetcher.peers': 1,
  'relay.peers': 1,
  'headers.peers': 1,
  'bodies.peers': 1,
  'lost.paused': 1,
  'serving.peers': 1,
  'fetcher.wanted': 4_096,
  'relay.rebuilding': 2,
  'headers.owned': 8_192,
  'bodies.asked': 64,
};

interface Bound {
  readonly most: number;
  readonly perLink: boolean;
}

/** By container: everything is looked up at every look at a node. */
const BOUNDS: ReadonlyMap<string, Bound> = new Map([
  ...Object.entries(MOST).map(([name, most]): [string, Bound] => [name, { most, perLink: false }]),
  ...Object.entries(MOST_PER_LINK).map(([name, most]): [string, Bound] => [name, { most, perLink: true }]),
]);

/** Where a node has nothing to do, nothing is in these. */
const PASSING = [
  'machine.heldBytes',
  'intake.waiting',
  'handshake.peers',
  'announcer.waiting',
  'fetcher.wanted',
  'fetcher.checking',
  'fetcher.requests',
  'relay.rebuilding',
  'headers.walkBytes',
  'bodies.asked',
  'bodies.handed',
  'bodies.missing',
  'lost.asked',
  'lost.handed',
  'lost.paused',
  'serving.reads',
  'serving.waiting',
  'admissions.queued',
  'ledger.heldBytes',
  'pool.memory',
];

/** No answer is waited for longer, ms. */
const AWAITED_MS: Readonly<Record<string, number>> = {
  handshake: 10_000,
  pong: 60_000,
  headers: 15_000,
  'block transactions': 2_000,
  bodies: 8_000,
  transactions: 5_000,
};

/** Compares all it is told with its bound, at once. `nowMs` is the node's monotonic clock. */
class BoundsCheck implements Census {
  readonly #nowMs: number;
  #links = 0;

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  holds(container: string, count: number): void {
    if (container === 'machine.links') this.#links = count;
    const bound = BOUNDS.get(container);
    if (bound === undefined) throw new AuditError(`nothing bounds ${container}`);
    const most = bound.perLink ? bound.most * this.#links : bound.most;
    if (count > most) throw new AuditError(`${container} holds ${count} and may hold ${most}`);
  }

  awaits(what: string, deadlineMs: number): void {
    const left = deadlineMs - this.#nowMs;
    // A wake is due in the millisecond that a deadline falls in, and may come last in it.
    if (left < -1) throw new AuditError(`a request for ${what} has outlived its deadline by ${-left} ms`);
    // Also of one that no time is known of.
    if (!(left <= AWAITED_MS[what]!)) throw new AuditError(`a request for ${what} may take ${left} ms more`);
  }
}

/** All that a node says it holds. */
const wholeOf = ({ machine, admissions, ledger, pool }: Reactor) => ({
  census(census: Census): void {
    machine.census(census);
    census.holds('admissions.queued', admissions.sizes.queued);
    census.holds('admissions.waiting', admissions.sizes.waiting);
    census.holds('admissions.tried', admissions.sizes.tried);
    census.holds('ledger.heldBytes', ledger.heldBytes);
    census.holds('pool.memory', pool.memory);
  },
});

/** Every container is within its bound, and no request has outlived its deadline. `nowMs` is the node's monotonic clock. */
export function auditBounds(reactor: Reactor, nowMs: number): void {
  wholeOf(reactor).census(new BoundsCheck(nowMs));
}

/** What a node still holds that one with nothing to do doesn't; `null` if nothing. */
export function findLeftover(reactor: Reactor): string | null {
  const { held } = fullestOf(wholeOf(reactor));
  const container = PASSING.find((name) => held.get(name)! > 0);
  if (container !== undefined) return `${container} still holds ${held.get(container)}`;
  const links = reactor.machine.peers().length;
  for (const name of Object.keys(MOST_PER_LINK)) {
    if (name.endsWith('.peers') && held.get(name)! > links)
      return `${name} knows ${held.get(name)} links of ${links}`;
  }
  return null;
}
