/**
 * Owns the relay of new blocks: header and short ids are pushed unasked on every link once work, context and body
 * hold, before signatures and execution. The receiver puts the block together from its mempool, asks for what is
 * missing, and falls back to the whole body. No content of these messages closes a link, only a header that is false
 * on its face; late and repeated messages are legal at any time.
 *
 * A block before its time is put together too, and kept whole until then.
 *
 * Bounds: `EARLY_BLOCKS_MAX` early blocks, `REBUILDS_PER_PEER_MAX` blocks half rebuilt a peer and one a block,
 * the blocks of `recent-blocks.ts`, `PEER_BLOCKS_MAX` keys a peer of blocks it is known to have.
 */
import { workOf } from '../../chain/consensus/difficulty.ts';
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { RuleError } from '../../chain/errors.ts';
import { checkBody } from '../../chain/format/block.ts';
import { encodeHeader } from '../../chain/format/header.ts';
import { keyOfId } from '../../chain/format/id-key.ts';
import type { Limits } from '../../chain/format/params.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Census } from '../census.ts';
import type { ChainView, PoolView } from '../door.ts';
import { type EarlyHeader, isEarly } from '../early-header.ts';
import * as limits from '../limits.ts';
import type { Peer } from '../peer.ts';
import { earlier, type Wire } from '../wire.ts';
import { EarlyBlocks } from './early-blocks.ts';
import { Rebuild } from './rebuild.ts';
import { RecentBlocks } from './recent-blocks.ts';
import { shortId, shortIdKey } from './short-ids.ts';

export interface RelayPorts {
  /** Checks a header a peer pushed and keeps it; `null` if it can't be used now. The peer is closed if it is false. */
  learn(peer: Peer, header: Uint8Array): HeaderNode | EarlyHeader | null;
  /** The node of a header that was early, now that its time has come; `null` if it can't be used. */
  learnEarly(early: EarlyHeader): HeaderNode | null;
  /** A whole body was put together. `peer` pushed it, unless it was kept until its time came. */
  accept(peer: Peer | null, node: HeaderNode, transactions: Transaction[]): void;
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
  readonly #recent = new RecentBlocks();
  /** Key of each block being rebuilt → its link. */
  readonly #rebuilding = new Map<string, number>();
  readonly #early = new EarlyBlocks();
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
    this.#recent.add(node.key, transactions);
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
    const block = this.#ports.learn(peer, header);
    if (block !== null) this.#remember(this.#states.get(peer.link)!, block.key);
  }

  blockReceived(peer: Peer, header: Uint8Array, shortIds: readonly number[]) {
    const block = this.#ports.learn(peer, header);
    if (block === null || !peer.ready) return;
    const state = this.#states.get(peer.link)!;
    this.#remember(state, block.key);
    if (this.#rebuilding.has(block.key) || !this.#isWanted(block)) return;
    if (state.rebuilds.size >= limits.REBUILDS_PER_PEER_MAX) return;
    this.#ports.charge(peer, BLOCK_UNITS + shortIds.length * SHORT_ID_UNITS);
    const key = shortIdKey(peer.diallerNonce, peer.listenerNonce, block.id);
    const rebuild = Rebuild.start(block, key, shortIds, this.#pool.values());
    if (rebuild === null || !peer.canHold(rebuild.bytes))
      return this.#fallback(peer, block, 'short ids collide');
    const missing = rebuild.missing();
    if (missing.length === 0) return this.#finish(peer, rebuild, 0);
    const request = peer.nextRequest();
    state.rebuilds.set(request, { rebuild, deadlineMs: this.#wire.nowMs + limits.REBUILD_TIMEOUT_MS });
    this.#rebuilding.set(block.key, peer.link);
    peer.hold(rebuild.bytes);
    this.#wire.send(peer, 'getBlockTransactions', { request, id: block.id, indexes: missing });
  }

  /** Serves what a peer misses of a block just pushed; an older one is asked for as a body. */
  requestReceived(peer: Peer, request: number, id: Uint8Array, indexes: readonly number[]) {
    const wanted = keyOfId(id);
    const block = this.#recent.find(wanted);
    let previous = -1;
    const transactions: Uint8Array[] = [];
    for (const index of indexes) {
      const tx = index > previous ? block?.transaction(index) : undefined;
      if (tx === undefined) return this.#wire.send(peer, 'noBody', { request, id });
      previous = index;
      transactions.push(tx);
    }
    if (block === undefined) return this.#wire.send(peer, 'noBody', { request, id });
    this.#wire.send(peer, 'blockTransactions', { request, id, transactions });
  }

  answerReceived(peer: Peer, request: number, encoded: readonly Uint8Array[]) {
    const rebuild = this.#end(peer, request);
    if (rebuild === null) return this.#ports.charge(peer, encoded.length * SHORT_ID_UNITS);
    if (!this.#isWanted(rebuild.block)) return;
    if (!rebuild.fill(encoded)) return this.#fallback(peer, rebuild.block, 'not what was asked for');
    this.#finish(peer, rebuild, encoded.length);
  }

  /** True if the answer was one of ours: the peer no longer has the block at hand. */
  refused(peer: Peer, request: number): boolean {
    const rebuild = this.#end(peer, request);
    if (rebuild !== null) this.#fallback(peer, rebuild.block, 'the peer has it no more');
    return rebuild !== null;
  }

  /** Tells what it holds and waits for. */
  census(census: Census): void {
    census.holds('relay.peers', this.#states.size);
    census.holds('relay.recent', this.#recent.size);
    census.holds('relay.rebuilding', this.#rebuilding.size);
    census.holds('relay.early', this.#early.size);
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
    if (this.#early.size > 0) this.#endEarly();
    if (this.#rebuilding.size > 0) this.#endLate();
    if (this.#hasTips) this.#tellTips();
  }

  deadline(): number | null {
    let at = this.#early.deadline(this.#wire.now);
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
        this.#fallback(state.peer, rebuild.block, 'late');
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
    const { block } = rebuild;
    let transactions: Transaction[];
    try {
      transactions = checkBody(block.header, rebuild.parts(), this.#limits);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      // A transaction of ours may have the short id of another: the whole body will tell.
      if (error.code === 'MUTATED_BODY') return this.#fallback(peer, block, 'not the body of its header');
      // An early one is found invalid again when it comes in its time.
      return isEarly(block) ? undefined : this.#ports.invalid(block, error);
    }
    this.#wire.event('blockRebuilt', { link: peer.link, height: block.header.height, asked });
    if (isEarly(block)) this.#early.keep(block, transactions);
    else this.#ports.accept(peer, block, transactions);
  }

  /** True if the body is still needed, and would be the next after the tip. If not, the header was all of it we need. */
  #isWanted(block: HeaderNode | EarlyHeader): boolean {
    if (block.parent?.hasBody !== true) return false;
    if (isEarly(block)) {
      const work = block.parent.work + workOf(block.header.bits);
      return work > this.#chain.tip.work && this.#early.wants(block, this.#wire.now);
    }
    return !block.hasBody && block.work > this.#chain.tip.work;
  }

  #endEarly(): void {
    for (const { early, transactions } of this.#early.take(this.#wire.now)) {
      const node = this.#ports.learnEarly(early);
      if (node !== null && !node.hasBody) this.#ports.accept(null, node, transactions);
    }
  }

  /** Nothing to do: the block isn't being rebuilt any more, so its body is fetched as any other. */
  #fallback(peer: Peer, { header }: HeaderNode | EarlyHeader, cause: string): void {
    this.#wire.event('blockFallback', { link: peer.link, height: header.height, cause });
  }

  #end(peer: Peer, request: number): Rebuild | null {
    const state = this.#states.get(peer.link);
    const entry = state?.rebuilds.get(request);
    if (state === undefined || entry === undefined) return null;
    state.rebuilds.delete(request);
    this.#rebuilding.delete(entry.rebuild.block.key);
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
