/**
 * Owns the relay of new blocks: header and short ids are pushed unasked on every link once work, context and body
 * hold, before signatures and execution. The receiver puts the block together from its mempool, asks for what is
 * missing, and falls back to the whole body. No content of these messages closes a link, only a header that is false
 * on its face; late and repeated messages are legal at any time.
 *
 * Bounds: `REBUILDS_PER_PEER_MAX` blocks half rebuilt a peer and one a block, `RECENT_BLOCKS` blocks kept for those who
 * miss transactions, `PEER_BLOCKS_MAX` keys a peer of blocks it is known to have.
 */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { RuleError } from '../../chain/errors.ts';
import { checkBody } from '../../chain/format/block.ts';
import { encodeHeader } from '../../chain/format/header.ts';
import { keyOfId } from '../../chain/format/id-key.ts';
import type { Limits } from '../../chain/format/params.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Census } from '../census.ts';
import type { ChainView, PoolView } from '../door.ts';
import * as limits from '../limits.ts';
import type { Peer } from '../peer.ts';
import { earlier, type Wire } from '../wire.ts';
import { Rebuild } from './rebuild.ts';
import { shortId, shortIdKey } from './short-ids.ts';

export interface RelayPorts {
  /** Checks a header a peer pushed and keeps it; `null` if it can't be used now. The peer is closed if it is false. */
  learn(peer: Peer, header: Uint8Array): HeaderNode | null;
  /** A whole body was put together. */
  accept(peer: Peer, node: HeaderNode, transactions: Transaction[]): void;
  /** The body is the one its header commits to, and breaks a rule: the block is invalid for good, its sender blameless. */
  invalid(node: HeaderNode, error: RuleError): void;
  charge(peer: Peer, units: number): void;
}

interface State {
  readonly peer: Peer;
  /** Keys of blocks it has, oldest first. */
  readonly blocks: Set<string>;
  readonly rebuilds: Map<number, { readonly rebuild: Rebuild; readonly deadlineMs: number }>;
  /** A tip that it hasn't been told, and when it may be. */
  tip: HeaderNode | null;
  tipAtMs: number;
}

/** Work units of a pushed block, and of each of its short ids. */
const BLOCK_UNITS = 500;
const SHORT_ID_UNITS = 3;

export class BlockRelay {
  readonly #wire: Wire;
  readonly #chain: ChainView;
  readonly #pool: PoolView;
  readonly #limits: Limits;
  readonly #ports: RelayPorts;
  readonly #states = new Map<number, State>();
  /** By block, oldest first. */
  readonly #recent: { readonly key: string; readonly transactions: readonly Transaction[] }[] = [];
  /** Key of each block being rebuilt → its link. */
  readonly #rebuilding = new Map<string, number>();
  /** Somebody may have to be told of a tip. */
  #hasTips = false;

  constructor(wire: Wire, chain: ChainView, pool: PoolView, blockLimits: Limits, ports: RelayPorts) {
    this.#wire = wire;
    this.#chain = chain;
    this.#pool = pool;
    this.#limits = blockLimits;
    this.#ports = ports;
  }

  ready(peer: Peer) {
    this.#states.set(peer.link, { peer, blocks: new Set(), rebuilds: new Map(), tip: null, tipAtMs: 0 });
  }

  /** True while the block is being put together here, so that nobody need fetch its body. */
  isRebuilding(key: string): boolean {
    return this.#rebuilding.has(key);
  }

  /** Pushes a block on every link that isn't known to have it; a congested link only hears of the tip. */
  push(node: HeaderNode, transactions: readonly Transaction[]) {
    this.#recent.push({ key: node.key, transactions });
    if (this.#recent.length > limits.RECENT_BLOCKS) this.#recent.shift();
    const header = encodeHeader(node.header);
    let links = 0;
    for (const state of this.#states.values()) {
      if (this.#has(state, node)) continue;
      if (state.peer.congested) {
        state.tip = node;
        this.#hasTips = true;
        continue;
      }
      const key = shortIdKey(state.peer.diallerNonce, state.peer.listenerNonce, node.id);
      this.#wire.send(state.peer, 'block', {
        header,
        shortIds: transactions.map(({ id }) => shortId(key, id)),
      });
      this.#remember(state, node.key);
      links++;
    }
    if (links > 0) this.#wire.event('blockPushed', { height: node.height, links });
  }

  /** Tells of a tip those who weren't pushed it. */
  tipChanged(tip: HeaderNode) {
    this.#hasTips = true;
    for (const state of this.#states.values()) state.tip = this.#has(state, tip) ? null : tip;
  }

  tipReceived(peer: Peer, header: Uint8Array) {
    const node = this.#ports.learn(peer, header);
    if (node !== null) this.#remember(this.#states.get(peer.link)!, node.key);
  }

  blockReceived(peer: Peer, header: Uint8Array, shortIds: readonly number[]) {
    const node = this.#ports.learn(peer, header);
    if (node === null || !peer.ready) return;
    const state = this.#states.get(peer.link)!;
    this.#remember(state, node.key);
    // Far ahead of what we have, or known already: the header was all we needed of it.
    if (node.hasBody || this.#rebuilding.has(node.key) || node.parent?.hasBody !== true) return;
    if (node.work <= this.#chain.tip.work || state.rebuilds.size >= limits.REBUILDS_PER_PEER_MAX) return;
    this.#ports.charge(peer, BLOCK_UNITS + shortIds.length * SHORT_ID_UNITS);
    const key = shortIdKey(peer.diallerNonce, peer.listenerNonce, node.id);
    const rebuild = Rebuild.start(node, key, shortIds, this.#pool.values());
    if (rebuild === null || !peer.canHold(rebuild.bytes))
      return this.#fallback(peer, node, 'short ids collide');
    const missing = rebuild.missing();
    if (missing.length === 0) return this.#finish(peer, rebuild, 0);
    const request = peer.nextRequest();
    state.rebuilds.set(request, { rebuild, deadlineMs: this.#wire.nowMs + limits.REBUILD_TIMEOUT_MS });
    this.#rebuilding.set(node.key, peer.link);
    peer.hold(rebuild.bytes);
    this.#wire.send(peer, 'getBlockTransactions', { request, id: node.id, indexes: missing });
  }

  /** Serves what a peer misses of a block just pushed; an older one is asked for as a body. */
  requestReceived(peer: Peer, request: number, id: Uint8Array, indexes: readonly number[]) {
    const wanted = keyOfId(id);
    const block = this.#recent.find(({ key }) => key === wanted)?.transactions;
    let previous = -1;
    const transactions: Uint8Array[] = [];
    for (const index of indexes) {
      const tx = index > previous ? block?.[index] : undefined;
      if (tx === undefined) return this.#wire.send(peer, 'noBody', { request, id });
      previous = index;
      transactions.push(tx.bytes);
    }
    if (block === undefined) return this.#wire.send(peer, 'noBody', { request, id });
    this.#wire.send(peer, 'blockTransactions', { request, id, transactions });
  }

  answerReceived(peer: Peer, request: number, encoded: readonly Uint8Array[]) {
    const rebuild = this.#end(peer, request);
    if (rebuild === null) return this.#ports.charge(peer, encoded.length * SHORT_ID_UNITS);
    if (rebuild.node.hasBody) return;
    if (!rebuild.fill(encoded)) return this.#fallback(peer, rebuild.node, 'not what was asked for');
    this.#finish(peer, rebuild, encoded.length);
  }

  /** True if the answer was one of ours: the peer no longer has the block at hand. */
  refused(peer: Peer, request: number): boolean {
    const rebuild = this.#end(peer, request);
    if (rebuild !== null) this.#fallback(peer, rebuild.node, 'the peer has it no more');
    return rebuild !== null;
  }

  /** Tells what it holds and waits for. */
  census(census: Census): void {
    census.holds('relay.peers', this.#states.size);
    census.holds('relay.recent', this.#recent.length);
    census.holds('relay.rebuilding', this.#rebuilding.size);
    for (const { blocks, rebuilds } of this.#states.values()) {
      census.holds('relay.blocks', blocks.size);
      census.holds('relay.rebuilds', rebuilds.size);
      for (const { deadlineMs } of rebuilds.values()) census.awaits('block transactions', deadlineMs);
    }
  }

  drop(peer: Peer): void {
    for (const request of [...(this.#states.get(peer.link)?.rebuilds.keys() ?? [])]) this.#end(peer, request);
    this.#states.delete(peer.link);
  }

  tick() {
    if (this.#rebuilding.size > 0) this.#endLate();
    if (this.#hasTips) this.#tellTips();
  }

  deadline(): number | null {
    let at: number | null = null;
    if (this.#rebuilding.size === 0 && !this.#hasTips) return at;
    for (const { rebuilds, tip, tipAtMs, peer } of this.#states.values()) {
      for (const { deadlineMs } of rebuilds.values()) at = earlier(at, deadlineMs);
      if (tip !== null && !peer.congested) at = earlier(at, tipAtMs);
    }
    return at;
  }

  #endLate(): void {
    for (const state of this.#states.values()) {
      for (const [request, { rebuild, deadlineMs }] of state.rebuilds) {
        if (this.#wire.nowMs < deadlineMs) continue;
        this.#end(state.peer, request);
        this.#fallback(state.peer, rebuild.node, 'late');
      }
    }
  }

  #tellTips(): void {
    const { nowMs } = this.#wire;
    this.#hasTips = false;
    for (const state of this.#states.values()) {
      const { tip } = state;
      if (tip === null) continue;
      if (state.peer.congested || nowMs < state.tipAtMs) {
        this.#hasTips = true;
        continue;
      }
      state.tip = null;
      if (this.#has(state, tip)) continue;
      state.tipAtMs = nowMs + limits.TIP_INTERVAL_MS;
      this.#wire.send(state.peer, 'tip', { header: encodeHeader(tip.header) });
      this.#remember(state, tip.key);
    }
  }

  #finish(peer: Peer, rebuild: Rebuild, asked: number) {
    const { node } = rebuild;
    let transactions: Transaction[];
    try {
      transactions = checkBody(node.header, rebuild.parts(), this.#limits);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      // A transaction of ours may have the short id of another: the whole body will tell.
      if (error.code === 'MUTATED_BODY') return this.#fallback(peer, node, 'not the body of its header');
      return this.#ports.invalid(node, error);
    }
    this.#wire.event('blockRebuilt', { link: peer.link, height: node.height, asked });
    this.#ports.accept(peer, node, transactions);
  }

  /** Nothing to do: the block isn't being rebuilt any more, so its body is fetched as any other. */
  #fallback(peer: Peer, node: HeaderNode, cause: string): void {
    this.#wire.event('blockFallback', { link: peer.link, height: node.height, cause });
  }

  #end(peer: Peer, request: number): Rebuild | null {
    const state = this.#states.get(peer.link);
    const entry = state?.rebuilds.get(request);
    if (state === undefined || entry === undefined) return null;
    state.rebuilds.delete(request);
    this.#rebuilding.delete(entry.rebuild.node.key);
    peer.release(entry.rebuild.bytes);
    return entry.rebuild;
  }

  /** True if it is known to have the block, or a better one: then this one is no news to it. */
  #has(state: State, node: HeaderNode): boolean {
    const { best } = state.peer;
    if (state.blocks.has(node.key) || best === node) return true;
    return best !== null && !best.invalid && best.work > node.work;
  }

  #remember(state: State, key: string): void {
    if (state.blocks.has(key)) return;
    state.blocks.add(key);
    if (state.blocks.size > limits.PEER_BLOCKS_MAX) state.blocks.delete(state.blocks.keys().next().value!);
  }
}
