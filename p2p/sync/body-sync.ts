/**
 * Owns the download of bodies: from several peers at once inside the window, each request with a deadline, each peer
 * with as many in flight as it has shown to deliver. A body that is late is asked of another; a peer that holds up the
 * window for others is closed.
 *
 * Bounds: `BODIES_IN_FLIGHT_MAX` a peer, `WINDOW_BLOCKS` and `WINDOW_BYTES` in all, over which only the lowest missing
 * block is asked for.
 */
import type { HeaderNode, HeaderTree } from '../../chain/consensus/header-tree.ts';
import type { RuleError } from '../../chain/errors.ts';
import { keyOfId } from '../../chain/format/id-key.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import { memoryOfBody } from '../../chain/ledger/bodies.ts';
import type { Census } from '../census.ts';
import type { ChainView } from '../door.ts';
import * as limits from '../limits.ts';
import type { Peer } from '../peer.ts';
import { earlier, type Wire } from '../wire.ts';
import { DownloadPath } from './download-path.ts';
import { readReceivedBody } from './received-body.ts';

export interface BodyPorts {
  /** True while a block is being put together from a push. */
  isRebuilding(key: string): boolean;
  accept(peer: Peer, node: HeaderNode, transactions: Transaction[]): void;
  invalid(node: HeaderNode, error: RuleError): void;
  charge(peer: Peer, units: number): void;
}

interface State {
  readonly peer: Peer;
  readonly inFlight: Set<HeaderNode>;
  quota: number;
  /** When it last brought a body, or was first asked while nothing was in flight. */
  progressAtMs: number;
  timeouts: number;
  /** Until when others are asked rather. */
  pausedUntilMs: number;
  /** Height up to which it has the target's chain, for the `best` and `target` it was found with. */
  common: { readonly best: HeaderNode; readonly target: HeaderNode; readonly height: number } | null;
}

/** Work units of a body that wasn't asked for. */
const UNASKED_UNITS = 1_000;
/** How much of a new size the average takes. */
const AVERAGE_SHARE = 1 / 4;

export class BodySync {
  readonly #wire: Wire;
  readonly #headers: HeaderTree;
  readonly #chain: ChainView;
  readonly #ports: BodyPorts;
  readonly #states = new Map<number, State>();
  /** Block → the link it is asked of, and since when. */
  readonly #asked = new Map<HeaderNode, { readonly link: number; readonly atMs: number }>();
  readonly #path: DownloadPath;
  /** Memory that a body takes while it waits to be connected. */
  #averageBytes = 4_096;
  #stallMs = limits.STALL_MS;

  constructor(wire: Wire, headers: HeaderTree, chain: ChainView, ports: BodyPorts) {
    this.#wire = wire;
    this.#headers = headers;
    this.#chain = chain;
    this.#ports = ports;
    this.#path = new DownloadPath(chain);
  }

  get missing(): number {
    return this.#path.missing;
  }

  get inFlight(): number {
    return this.#asked.size;
  }

  ready(peer: Peer) {
    this.#states.set(peer.link, {
      peer,
      inFlight: new Set(),
      quota: limits.BODIES_IN_FLIGHT_START,
      progressAtMs: 0,
      timeouts: 0,
      pausedUntilMs: 0,
      common: null,
    });
  }

  bodyReceived(peer: Peer, id: Uint8Array, body: Uint8Array) {
    const state = this.#states.get(peer.link)!;
    const node = this.#headers.get(keyOfId(id));
    const own = node !== undefined && state.inFlight.has(node);
    if (!own) this.#ports.charge(peer, UNASKED_UNITS);
    // A late one is as good as any while it is still wanted.
    if (node === undefined || this.#path.has(node) || !(own || this.#asked.has(node))) {
      if (own) this.#release(state, node);
      return;
    }
    const from = { wire: this.#wire, peer };
    const { limits: blockLimits } = this.#headers.params;
    const transactions = readReceivedBody(body, node, blockLimits, from, (error) =>
      this.#ports.invalid(node, error),
    );
    if (transactions === null) return;
    if (own) {
      state.progressAtMs = this.#wire.nowMs;
      state.timeouts = 0;
      state.quota = Math.min(limits.BODIES_IN_FLIGHT_MAX, state.quota + 1);
    }
    this.#averageBytes += (memoryOfBody(transactions) - this.#averageBytes) * AVERAGE_SHARE;
    this.#stallMs = Math.max(limits.STALL_MS, this.#stallMs * 0.9);
    this.#ports.accept(peer, node, transactions);
  }

  noBodyReceived(peer: Peer, id: Uint8Array): void {
    const state = this.#states.get(peer.link)!;
    const node = this.#headers.get(keyOfId(id));
    if (node === undefined || !state.inFlight.has(node)) return;
    this.#release(state, node);
    // It doesn't have what it showed: nothing from there on is asked of it until it shows more.
    if (peer.best !== null && peer.best.height >= node.height) peer.best = node.parent;
  }

  /** A body is with the reactor, however it came. */
  handedOn(node: HeaderNode): void {
    this.#path.handedOn(node);
    const state = this.#stateAsked(node);
    state?.inFlight.delete(node);
    this.#asked.delete(node);
  }

  settled(node: HeaderNode): void {
    this.#path.settled(node);
  }

  /** Tells what it holds and waits for. */
  census(census: Census): void {
    census.holds('bodies.peers', this.#states.size);
    census.holds('bodies.asked', this.#asked.size);
    census.holds('bodies.handed', this.#path.handed);
    census.holds('bodies.missing', this.#path.missing);
    for (const { inFlight, progressAtMs } of this.#states.values()) {
      census.holds('bodies.inFlight', inFlight.size);
      if (inFlight.size > 0) census.awaits('bodies', progressAtMs + limits.BODY_TIMEOUT_MS);
    }
  }

  drop(peer: Peer): void {
    const state = this.#states.get(peer.link);
    if (state === undefined) return;
    for (const node of [...state.inFlight]) this.#release(state, node);
    this.#states.delete(peer.link);
  }

  tick(): void {
    // No header has more work than the tip, so no peer has shown one: nothing to look for at every step.
    const best = this.#headers.best();
    const { tip } = this.#chain;
    const isBehind = best !== tip && best.work > tip.work;
    if (!isBehind && this.#path.target === null && this.#path.missing === 0 && this.#asked.size === 0) return;
    this.#path.update(this.#wire.ready);
    if (this.#path.missing === 0 && this.#asked.size === 0) return;
    this.#endLate();
    this.#endStall();
    if (this.#path.missing > 0) this.#assign();
  }

  deadline(): number | null {
    let at: number | null = null;
    if (this.#path.missing === 0 && this.#asked.size === 0) return at;
    const first = this.#path.first;
    for (const state of this.#states.values()) {
      if (state.inFlight.size > 0) at = earlier(at, state.progressAtMs + limits.BODY_TIMEOUT_MS);
      if (first !== undefined && state.inFlight.has(first)) {
        const stallAtMs = state.progressAtMs + this.#stallMs;
        if (stallAtMs > this.#wire.nowMs) at = earlier(at, stallAtMs);
        const keptAtMs = this.#asked.get(first)!.atMs + limits.KEPT_BACK_MS;
        if (keptAtMs > this.#wire.nowMs) at = earlier(at, keptAtMs);
      }
      if (this.#path.missing > 0 && state.pausedUntilMs > this.#wire.nowMs)
        at = earlier(at, state.pausedUntilMs);
    }
    return at;
  }

  /** Takes back what peers are late with. */
  #endLate(): void {
    for (const state of [...this.#states.values()]) {
      if (state.inFlight.size === 0 || this.#wire.nowMs < state.progressAtMs + limits.BODY_TIMEOUT_MS)
        continue;
      state.timeouts++;
      this.#passOver(state);
      if (state.timeouts >= limits.BODY_TIMEOUTS_MAX) this.#wire.close(state.peer, 'TIMEOUT', 'bodies');
    }
  }

  /** The lowest missing block is late at a peer while another one is idle: that one is asked. */
  #endStall(): void {
    const first = this.#path.first;
    const asked = first === undefined ? undefined : this.#asked.get(first);
    const state = first === undefined ? undefined : this.#stateAsked(first);
    if (first === undefined || asked === undefined || state === undefined) return;
    // Bringing others while it keeps this one back doesn't help a peer for ever.
    const keptBack = this.#wire.nowMs >= asked.atMs + limits.KEPT_BACK_MS;
    if (!keptBack && this.#wire.nowMs < state.progressAtMs + this.#stallMs) return;
    const helper = [...this.#states.values()].find(
      (other) => other !== state && other.inFlight.size === 0 && this.#hasUpTo(other) >= first.height,
    );
    if (helper === undefined) return;
    const holdsWindow = this.#path.isFull;
    this.#stallMs = Math.min(limits.STALL_MAX_MS, this.#stallMs * 2);
    this.#passOver(state);
    if (holdsWindow) this.#wire.close(state.peer, 'STALLED');
  }

  #passOver(state: State): void {
    this.#wire.event('bodyLate', { link: state.peer.link, count: state.inFlight.size });
    for (const node of [...state.inFlight]) this.#release(state, node);
    state.quota = Math.max(limits.BODIES_IN_FLIGHT_MIN, state.quota >> 1);
    state.pausedUntilMs = this.#wire.nowMs + limits.BODY_PAUSE_MS;
  }

  /** Hands out the window in batches of neighbours, the least busy peer first, until nobody can take more. */
  #assign(): void {
    const able = [...this.#states.values()].filter((state) => this.#hasUpTo(state) >= 0);
    const fresh = able.filter((state) => this.#wire.nowMs >= state.pausedUntilMs);
    // Late peers are asked again at once only if there is nobody else.
    const order = (fresh.length > 0 ? fresh : able).sort((a, b) => a.inFlight.size - b.inFlight.size);
    for (let given = true; given; ) {
      given = false;
      for (const state of order) given = this.#give(state) || given;
    }
  }

  #give(state: State): boolean {
    const free = Math.min(limits.BODIES_MAX, state.quota - state.inFlight.size);
    // Small requests are worth it only for the last few blocks.
    if (free <= 0 || free < Math.min(limits.BODIES_MAX / 2, this.#path.missing, state.quota)) return false;
    const upTo = this.#hasUpTo(state);
    const nodes: HeaderNode[] = [];
    for (const node of this.#path.open((open) => this.#asked.has(open))) {
      if (nodes.length === free || node.height > upTo) break;
      if (this.#ports.isRebuilding(node.key)) continue;
      if (!this.#isWaitedFor(node) && !this.#hasBudget(nodes.length)) break;
      nodes.push(node);
    }
    if (nodes.length === 0) return false;
    const { link } = state.peer;
    if (state.inFlight.size === 0) state.progressAtMs = this.#wire.nowMs;
    for (const node of nodes) {
      state.inFlight.add(node);
      this.#asked.set(node, { link, atMs: this.#wire.nowMs });
    }
    const request = state.peer.nextRequest();
    this.#wire.send(state.peer, 'getBodies', { request, ids: nodes.map(({ id }) => id) });
    return true;
  }

  #stateAsked(node: HeaderNode): State | undefined {
    const asked = this.#asked.get(node);
    return asked === undefined ? undefined : this.#states.get(asked.link);
  }

  /** What is held may wait for the lowest, unless the ledger can still go on with what is below it. */
  #isWaitedFor(node: HeaderNode): boolean {
    return node === this.#path.first && !this.#path.isHanded(node.parent!);
  }

  #hasBudget(more: number): boolean {
    return this.#chain.heldBytes + (this.#asked.size + more + 1) * this.#averageBytes <= limits.WINDOW_BYTES;
  }

  /** Height up to which the peer has the target's chain; -1 if it has shown none of it. */
  #hasUpTo(state: State): number {
    const { best } = state.peer;
    const { target } = this.#path;
    if (best === null || target === null || !state.peer.ready) return -1;
    if (state.common?.best !== best || state.common.target !== target) {
      const { height } = this.#headers.commonAncestor(best, target);
      state.common = { best, target, height };
    }
    return state.common.height;
  }

  #release(state: State, node: HeaderNode): void {
    state.inFlight.delete(node);
    if (this.#asked.get(node)?.link === state.peer.link) this.#asked.delete(node);
    this.#path.reopen();
  }
}
