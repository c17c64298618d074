/**
 * Owns fetching again the bodies of blocks of our own chain that our disk has lost: some at a time, from one peer after
 * the other, with a deadline. Nothing else waits for them.
 *
 * Bounds: one request of `BODIES_MAX` bodies in all; a pause of `LOST_PAUSE_MS` for each link that didn't have what it
 * was asked for.
 */
import type { HeaderNode, HeaderTree } from '../../chain/consensus/header-tree.ts';
import { keyOfId } from '../../chain/format/id-key.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Census } from '../census.ts';
import type { ChainView } from '../door.ts';
import * as limits from '../limits.ts';
import type { Peer } from '../peer.ts';
import { earlier, type Wire } from '../wire.ts';
import { readReceivedBody } from './received-body.ts';

interface Request {
  readonly link: number;
  readonly nodes: Set<HeaderNode>;
  readonly atMs: number;
}

export class LostBodies {
  readonly #wire: Wire;
  readonly #headers: HeaderTree;
  readonly #chain: ChainView;
  readonly #accept: (peer: Peer, node: HeaderNode, transactions: Transaction[]) => void;
  #request: Request | null = null;
  /** Links that are asked again only after these times. */
  readonly #paused = new Map<number, number>();
  /** Blocks whose bodies came and that the ledger still counts as lost. */
  readonly #handed = new Set<HeaderNode>();
  /** Where among the lost blocks the next request begins, so that one nobody has doesn't hold up the others. */
  #next = 0;

  constructor(
    wire: Wire,
    headers: HeaderTree,
    chain: ChainView,
    accept: (peer: Peer, node: HeaderNode, transactions: Transaction[]) => void,
  ) {
    this.#wire = wire;
    this.#headers = headers;
    this.#chain = chain;
    this.#accept = accept;
  }

  ready(): void {}

  drop(peer: Peer): void {
    this.#paused.delete(peer.link);
    if (this.#request?.link === peer.link) this.#request = null;
  }

  /** True if it was asked for here. */
  bodyReceived(peer: Peer, id: Uint8Array, body: Uint8Array): boolean {
    const node = this.#take(peer, id);
    if (node === null) return false;
    const from = { wire: this.#wire, peer };
    const transactions = readReceivedBody(body, node, this.#headers.params.limits, from, (error) => {
      // The block was connected: its body breaks no rule.
      throw error;
    });
    if (transactions === null) return true;
    this.#handed.add(node);
    this.#accept(peer, node, transactions);
    return true;
  }

  /** True if it was asked for here. */
  noBodyReceived(peer: Peer, id: Uint8Array): boolean {
    if (this.#take(peer, id) === null) return false;
    this.#paused.set(peer.link, this.#wire.nowMs + limits.LOST_PAUSE_MS);
    return true;
  }

  census(census: Census): void {
    census.holds('lost.asked', this.#request?.nodes.size ?? 0);
    census.holds('lost.handed', this.#handed.size);
    census.holds('lost.paused', this.#paused.size);
    if (this.#request !== null) census.awaits('bodies', this.#request.atMs + limits.BODY_TIMEOUT_MS);
  }

  tick(): void {
    const { lost } = this.#chain;
    if (lost.size === 0) this.#paused.clear();
    if (lost.size === 0 && this.#request === null && this.#handed.size === 0) return;
    for (const node of this.#handed) if (!lost.has(node)) this.#handed.delete(node);
    this.#endLate();
    if (this.#request !== null || lost.size <= this.#handed.size) return;
    const peer = this.#wire.ready.find(({ link }) => (this.#paused.get(link) ?? 0) <= this.#wire.nowMs);
    if (peer === undefined) return;
    const nodes = this.#choose(lost);
    this.#request = { link: peer.link, nodes: new Set(nodes), atMs: this.#wire.nowMs };
    this.#wire.send(peer, 'getBodies', { request: peer.nextRequest(), ids: nodes.map(({ id }) => id) });
  }

  deadline(): number | null {
    if (this.#request !== null) return this.#request.atMs + limits.BODY_TIMEOUT_MS;
    if (this.#chain.lost.size <= this.#handed.size) return null;
    let at: number | null = null;
    for (const until of this.#paused.values()) if (until > this.#wire.nowMs) at = earlier(at, until);
    return at;
  }

  #choose(lost: ReadonlySet<HeaderNode>): HeaderNode[] {
    const open = [...lost].filter((node) => !this.#handed.has(node));
    const from = this.#next < open.length ? this.#next : 0;
    this.#next = from + limits.BODIES_MAX;
    return open.slice(from, from + limits.BODIES_MAX);
  }

  /** Takes a block out of the request that this peer was sent; `null` if it isn't in it. */
  #take(peer: Peer, id: Uint8Array): HeaderNode | null {
    const node = this.#headers.get(keyOfId(id));
    const request = this.#request;
    if (node === undefined || request?.link !== peer.link || !request.nodes.delete(node)) return null;
    if (request.nodes.size === 0) this.#request = null;
    return node;
  }

  #endLate(): void {
    const request = this.#request;
    if (request === null || this.#wire.nowMs < request.atMs + limits.BODY_TIMEOUT_MS) return;
    this.#request = null;
    this.#paused.set(request.link, this.#wire.nowMs + limits.LOST_PAUSE_MS);
  }
}
