/**
 * Owns the way headers come into the tree: asked for with a locator, walked batch by batch, one peer at a time so that
 * no two send the same; pushed ones too. Work comes before memory: a branch whose claimed work is far below the
 * tip's is counted first (`low-work-walk.ts`), and what a peer adds beyond the bodies that have come is capped.
 *
 * Bounds, for each peer: one request, one walk, `UNPROVEN_HEADERS_MAX` headers in the tree whose bodies haven't come
 * while it is linked.
 */
import { workOf } from '../../chain/consensus/difficulty.ts';
import type { HeaderNode, HeaderTree } from '../../chain/consensus/header-tree.ts';
import { RuleError } from '../../chain/errors.ts';
import { equalBytes } from '../../chain/format/bytes.ts';
import { decodeHeader, type Header } from '../../chain/format/header.ts';
import { keyOfId } from '../../chain/format/id-key.ts';
import type { Census } from '../census.ts';
import type { ChainView } from '../door.ts';
import { type EarlyHeader, makeEarly } from '../early-header.ts';
import * as limits from '../limits.ts';
import type { Peer } from '../peer.ts';
import { earlier, type Wire } from '../wire.ts';
import { type HeaderBatch, isWorked, readHeaderBatch } from './header-batch.ts';
import {
  type HeaderState,
  hasRoom,
  locatorOf,
  newHeaderState,
  retryLater,
  turnEndOf,
} from './header-state.ts';
import { enoughWork, LowWorkWalk } from './low-work-walk.ts';
import { PushedHeader } from './pushed-header.ts';
import { UnprovenHeaders } from './unproven-headers.ts';

export class HeaderSync {
  readonly #wire: Wire;
  readonly #headers: HeaderTree;
  readonly #chain: ChainView;
  readonly #states = new Map<number, HeaderState>();
  readonly #unproven: UnprovenHeaders;
  readonly #pushed = new PushedHeader();
  /** Some peer is asked, or to be asked, or to be asked later. */
  #busy = false;

  constructor(wire: Wire, headers: HeaderTree, chain: ChainView) {
    this.#wire = wire;
    this.#headers = headers;
    this.#chain = chain;
    this.#unproven = new UnprovenHeaders(headers);
  }

  ready(peer: Peer) {
    this.#states.set(peer.link, newHeaderState(peer));
    this.#busy = true;
  }

  /** True while headers are being walked. */
  get walking(): boolean {
    for (const { request, ask } of this.#states.values()) if (request !== null || ask) return true;
    return false;
  }

  /**
   * Takes a header that a peer pushed. Returns its node, or what it is if only its time is wrong; `null` if it can't be
   * used, and then what it takes has been started: asking for its ancestors, closing a peer whose header is false.
   */
  learn(peer: Peer, bytes: Uint8Array): HeaderNode | EarlyHeader | null {
    const state = this.#states.get(peer.link)!;
    const id = this.#pushed.idOf(bytes);
    const known = this.#headers.get(keyOfId(id));
    if (known?.invalid) return null;
    if (known !== undefined) {
      peer.shows(known);
      return known;
    }
    const header = decodeHeader(bytes);
    if (!isWorked(header, id)) {
      this.#wire.close(peer, 'BAD_HEADER', 'no work');
      return null;
    }
    const parent = this.#headers.get(keyOfId(header.previous));
    if (parent === undefined) {
      state.ask = true;
      this.#busy = true;
      return null;
    }
    const mayAdd = state.unproven < limits.UNPROVEN_HEADERS_MAX;
    if (!mayAdd || !this.#isEnough(parent.work + workOf(header.bits))) return null;
    const node = this.#add(state, header, id);
    if (node !== null || state.early !== header) return node;
    return makeEarly(header, id, parent, this.#headers.params.limits.futureMs);
  }

  headersReceived(peer: Peer, request: number, encoded: readonly Uint8Array[]) {
    const state = this.#states.get(peer.link)!;
    if (state.request?.id !== request) return;
    state.request = null;
    const batch = readHeaderBatch(encoded);
    if (typeof batch === 'string') return this.#wire.close(peer, 'BAD_HEADER', batch);
    const first = batch.headers[0];
    // Nothing after our locator: we know all it has.
    if (first === undefined) return this.#endWalk(state);
    if (state.walk !== null) return this.#walkOn(state, state.walk, batch);
    const parent = this.#headers.get(keyOfId(first.previous));
    if (parent === undefined) {
      const follows = state.from !== null && equalBytes(first.previous, state.from.id);
      if (!follows) return this.#wire.close(peer, 'BAD_HEADER', 'not after our locator');
      // The tree has forgotten what came before it: once more from the start.
      this.#endWalk(state);
      state.ask = true;
      return;
    }
    this.#take(state, parent, batch);
  }

  /** Its body has come: it doesn't count against who brought it any more. */
  proven(node: HeaderNode): void {
    this.#unproven.proven(node);
  }

  tipChanged(tip: HeaderNode): void {
    this.#unproven.tipChanged(tip);
  }

  /** Tells what it holds and waits for. */
  census(census: Census): void {
    census.holds('headers.peers', this.#states.size);
    census.holds('headers.owned', this.#unproven.size);
    for (const { request, unproven, walkBytes } of this.#states.values()) {
      census.holds('headers.unproven', unproven);
      census.holds('headers.walkBytes', walkBytes);
      if (request !== null) census.awaits('headers', request.sentAtMs + limits.HEADERS_TIMEOUT_MS);
    }
  }

  drop(peer: Peer) {
    const state = this.#states.get(peer.link);
    if (state === undefined) return;
    this.#states.delete(peer.link);
    peer.release(state.walkBytes);
    this.#unproven.drop(state);
    // The others are asked for what it would have been asked again.
    for (const other of this.#states.values()) other.retryAtMs = earlier(other.retryAtMs, state.retryAtMs);
  }

  tick() {
    if (!this.#busy) return;
    const { nowMs } = this.#wire;
    for (const state of [...this.#states.values()]) {
      if (state.request !== null && nowMs >= state.request.sentAtMs + limits.HEADERS_TIMEOUT_MS) {
        this.#wire.close(state.peer, 'TIMEOUT', 'headers');
      }
      if (state.retryAtMs !== null && nowMs >= state.retryAtMs) {
        state.retryAtMs = null;
        state.ask = true;
      }
    }
    for (const state of this.#states.values())
      if (state.ask && state.request === null && this.#mayAsk(state)) this.#ask(state);
    this.#busy = false;
    for (const { ask, request, retryAtMs } of this.#states.values()) {
      if (ask || request !== null || retryAtMs !== null) this.#busy = true;
    }
  }

  deadline(): number | null {
    let at: number | null = null;
    if (!this.#busy) return at;
    let waiting = false;
    for (const state of this.#states.values()) {
      if (state.request !== null) at = earlier(at, state.request.sentAtMs + limits.HEADERS_TIMEOUT_MS);
      if (state.retryAtMs !== null) at = earlier(at, state.retryAtMs);
      waiting ||= state.ask && state.request === null && hasRoom(state);
    }
    if (!waiting) return at;
    for (const state of this.#states.values()) {
      const endsAtMs = turnEndOf(state);
      if (endsAtMs !== null && endsAtMs > this.#wire.nowMs) at = earlier(at, endsAtMs);
    }
    return at;
  }

  #isEnough(work: bigint): boolean {
    return work >= this.#chain.tip.work || work >= enoughWork(this.#chain.tip);
  }

  #mayAsk(state: HeaderState): boolean {
    if (!state.peer.ready) return false;
    if (!hasRoom(state)) return false;
    if (state.turnAtMs !== null) return true;
    for (const other of this.#states.values()) {
      const endsAtMs = turnEndOf(other);
      if (endsAtMs !== null && this.#wire.nowMs < endsAtMs) return false;
    }
    return true;
  }

  #ask(state: HeaderState) {
    state.ask = false;
    state.turnAtMs ??= this.#wire.nowMs;
    const id = state.peer.nextRequest();
    state.request = { id, sentAtMs: this.#wire.nowMs };
    this.#wire.send(state.peer, 'getHeaders', { request: id, locator: locatorOf(state, this.#headers) });
  }

  /** Stores a batch, or begins to count it if the branch has too little work. */
  #take(state: HeaderState, parent: HeaderNode, batch: HeaderBatch) {
    let claimed = parent.work;
    for (const { bits } of batch.headers) claimed += workOf(bits);
    if (this.#isEnough(claimed)) return this.#store(state, batch);
    if (batch.headers.length < limits.HEADERS_MAX) {
      this.#wire.event('lowWork', { link: state.peer.link });
      return this.#endWalk(state);
    }
    state.walk = new LowWorkWalk(this.#headers.params, parent);
    this.#walkOn(state, state.walk, batch);
  }

  #walkOn(state: HeaderState, walk: LowWorkWalk, batch: HeaderBatch) {
    const { peer } = state;
    if (!walk.counting) {
      if (!walk.matches(batch.ids)) return this.#wire.close(peer, 'WALK_CHANGED');
      if (walk.done) this.#forgetWalk(state);
      // Known to lead to enough work: not held against the peer, or a deep branch could never outgrow ours.
      return this.#store(state, batch, true);
    }
    if (!equalBytes(batch.headers[0]!.previous, walk.last)) {
      return this.#wire.close(peer, 'BAD_HEADER', 'not after our locator');
    }
    try {
      if (walk.count(batch, enoughWork(this.#chain.tip), this.#wire.now.wallMs)) {
        this.#wire.event('presyncDone', { link: peer.link, height: batch.headers.at(-1)!.height });
      }
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      this.#fail(state, error, batch.headers.at(-1)!);
      return this.#endWalk(state);
    }
    peer.hold(walk.bytes - state.walkBytes);
    state.walkBytes = walk.bytes;
    if (walk.counting && (batch.headers.length < limits.HEADERS_MAX || !walk.hasRoom)) {
      this.#wire.event('lowWork', { link: peer.link });
      return this.#endWalk(state);
    }
    state.ask = true;
  }

  #store(state: HeaderState, batch: HeaderBatch, walked = false) {
    let last: HeaderNode | null = null;
    for (const [i, header] of batch.headers.entries()) {
      const node = this.#add(state, header, batch.ids[i]!, walked);
      if (node === null) break;
      last = node;
    }
    if (last === null || !state.peer.ready) return this.#endWalk(state);
    const { link } = state.peer;
    this.#wire.event('headersAdded', { link, count: batch.headers.length, height: last.height });
    const whole = last.height === batch.headers.at(-1)!.height;
    if (!whole || batch.headers.length < limits.HEADERS_MAX) return this.#endWalk(state);
    state.from = last;
    state.ask = true;
  }

  #add(state: HeaderState, header: Header, id: Uint8Array, walked = false): HeaderNode | null {
    const size = this.#headers.size;
    let node: HeaderNode;
    try {
      node = this.#headers.add(header, this.#wire.now.wallMs, id);
    } catch (error) {
      if (error instanceof RuleError) return this.#fail(state, error, header);
      throw error;
    }
    if (this.#headers.size > size && !walked) this.#unproven.add(node, state);
    state.peer.shows(node);
    return node;
  }

  /** What becomes of a header that isn't good, by its kind: one on an invalid block was relayed in good faith. */
  #fail(state: HeaderState, error: RuleError, header: Header): null {
    const { peer } = state;
    if (error.kind === 'malformed') this.#wire.close(peer, 'BAD_HEADER', error.message);
    if (error.kind === 'early') {
      retryLater(state, header, this.#headers.params.limits.futureMs, this.#wire.now);
      this.#busy = true;
      this.#wire.event('headerEarly', { link: peer.link, height: header.height });
    }
    return null;
  }

  #endWalk(state: HeaderState): void {
    state.from = null;
    state.turnAtMs = null;
    this.#forgetWalk(state);
  }

  #forgetWalk(state: HeaderState): void {
    state.walk = null;
    state.peer.release(state.walkBytes);
    state.walkBytes = 0;
  }
}
