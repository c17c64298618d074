/**
 * Owns the places of connections that have shown nothing yet, in one phase of one port. Who comes always gets a place;
 * who has had time enough makes room for others when there are too many. So neither silent connections nor a burst of
 * them keep anybody out. Pure: the caller has the clock and ends the connections that it is told to.
 *
 * Bounds: `rush` entries, and those of one accept of the system's queue until the next `surplus`.
 */

export interface PlacesLimits {
  /** Above so many, those that have had `graceMs` make room. */
  readonly places: number;
  /** Above so many, all do. */
  readonly rush: number;
  /** Time that a connection is given whatever comes: enough for an honest one to go on to the next phase. */
  readonly graceMs: number;
  /** Time after which it ends in any case; null if something else sees to that. */
  readonly patienceMs: number | null;
}

/** Where a connection comes from. */
export interface Origin {
  /** Network group: machines likely to be in one hand. */
  readonly group: string;
  readonly host: string;
  /** How many clients the group is taken for. */
  readonly clients: number;
}

interface Entry extends Origin {
  readonly atMs: number;
}

/** Programs of this machine come from one address, and so do those behind a proxy on it: no one of them is the crowd. */
const LOOPBACK_CLIENTS = 16;

/** The origin of a remote address. On loopback each connection is a host of its own: they are different programs. */
export function originOf(address: string, host: string, group: string, loopback: boolean): Origin {
  if (loopback) return { group: 'loopback', host: address, clients: LOOPBACK_CLIENTS };
  return { group, host, clients: 1 };
}

export class Places<Key> {
  readonly #limits: PlacesLimits;
  /** In the order in which they came: the clock never goes back. */
  readonly #entries = new Map<Key, Entry>();

  constructor(limits: PlacesLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  enter(key: Key, { group, host, clients }: Origin, nowMs: number): void {
    this.#entries.set(key, { group, host, clients, atMs: nowMs });
  }

  /** It has shown something: its time begins anew. */
  renew(key: Key, nowMs: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#entries.set(key, { ...entry, atMs: nowMs });
  }

  leave(key: Key): void {
    this.#entries.delete(key);
  }

  /** Takes out whoever is to be ended now: those out of time, then those that make room, in this order. */
  surplus(nowMs: number): Key[] {
    const { places, rush, graceMs, patienceMs } = this.#limits;
    const ended: Key[] = [];
    for (const [key, { atMs }] of this.#entries) {
      if (patienceMs === null || nowMs < atMs + patienceMs) break;
      ended.push(key);
    }
    for (const key of ended) this.#entries.delete(key);
    while (this.#entries.size > places) {
      const key = this.#mostCrowding(this.#entries.size > rush ? nowMs : nowMs - graceMs);
      if (key === null) break;
      this.#entries.delete(key);
      ended.push(key);
    }
    return ended;
  }

  /** When `surplus` has something to do next; null if never. */
  deadline(): number | null {
    const first = this.#entries.values().next();
    if (first.done) return null;
    const { places, graceMs, patienceMs } = this.#limits;
    const { atMs } = first.value;
    if (this.#entries.size > places) return atMs + Math.min(graceMs, patienceMs ?? graceMs);
    return patienceMs === null ? null : atMs + patienceMs;
  }

  /**
   * Of those that came at `untilMs` or before: of the group that takes most for what it is, of its host with most, the
   * one that came first. Ties go to the group, and the host, whose first came first.
   */
  #mostCrowding(untilMs: number): Key | null {
    const groups = new Map<string, number>();
    const hosts = new Map<string, number>();
    for (const { group, host, clients } of this.#entries.values()) {
      groups.set(group, (groups.get(group) ?? 0) + 1 / clients);
      hosts.set(host, (hosts.get(host) ?? 0) + 1);
    }
    let chosen: Key | null = null;
    let chosenGroup = 0;
    let chosenHost = 0;
    for (const [key, { group, host, atMs }] of this.#entries) {
      if (atMs > untilMs) break;
      const byGroup = groups.get(group)!;
      const byHost = hosts.get(host)!;
      if (byGroup < chosenGroup || (byGroup === chosenGroup && byHost <= chosenHost)) continue;
      [chosen, chosenGroup, chosenHost] = [key, byGroup, byHost];
    }
    return chosen;
  }
}
