/**
 * Owns the protocol as a whole: takes an input, gives it to the parts it concerns, and returns what is to be done. Pure
 * and synchronous: the same inputs, clocks and random numbers give the same effects. The parts don't know each other;
 * what one learns that another needs goes through here. Its own state is bounded by its parts'.
 */
import type { HeaderNode } from '../chain/consensus/header-tree.ts';
import { assert, RuleError } from '../chain/errors.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import { hostOf } from './addresses/peer-url.ts';
import type { Census } from './census.ts';
import type { Effect, Input, MachineDeps, Now, PeerInfo, PeerName, SyncState } from './door.ts';
import { type FaultCode, penaltyMs } from './faults.ts';
import { decodeMessage, MESSAGES, type Message, speaksOtherVersion } from './messages.ts';
import { deadlineOfParts, makeParts, type Parts, tickParts } from './parts.ts';
import { type HeldByAll, Peer } from './peer.ts';
import { Discouraged } from './peers/discouraged.ts';
import { routeMessage } from './routes.ts';
import { Wire } from './wire.ts';

export class Machine {
  readonly #deps: MachineDeps;
  readonly #wire: Wire;
  readonly #parts: Parts;
  readonly #discouraged = new Discouraged();
  readonly #held: HeldByAll = { bytes: 0 };
  /** Links closed in this step, until the parts have forgotten them. */
  readonly #closed: { readonly peer: Peer; readonly code: FaultCode }[] = [];

  constructor(deps: MachineDeps) {
    this.#deps = deps;
    this.#wire = new Wire((peer, code) => this.#closed.push({ peer, code }));
    this.#parts = makeParts(deps, this.#wire, {
      ready: (peer) => this.#ready(peer),
      accept: (peer, node, transactions) => this.#accept(peer, node, transactions),
      invalid: (node, error) => this.#invalid(node, error),
      discouraged: this.#discouraged,
    });
  }

  /** Takes one input. Never throws for anything a peer can send. The effects are to be carried out in order. */
  handle(input: Input, now: Now): Effect[] {
    this.#wire.now = now;
    this.#parts.intake.begin();
    this.#take(input);
    this.#settle();
    return this.#wire.take();
  }

  /** Monotonic time at which a 'wake' is due; `null` if never. */
  deadline(): number | null {
    return deadlineOfParts(this.#parts);
  }

  /** Links that are through their handshake. */
  peers(): PeerInfo[] {
    return this.#wire.ready.map((peer) => ({
      link: peer.link,
      node: peer.nodeKey,
      address: addressOf(peer),
      inbound: peer.inbound,
      height: peer.best?.height ?? peer.hello!.height,
      work: peer.best?.work ?? peer.hello!.work,
      connectedMs: this.#wire.nowMs - peer.readyAtMs,
      pingMs: peer.pingMs,
      agent: peer.agent,
      bytesIn: peer.bytesIn,
      bytesOut: peer.bytesOut,
      heldBytes: peer.heldBytes,
    }));
  }

  /** Who is behind a link that is through its handshake. */
  nameOf(link: number): PeerName | undefined {
    const peer = this.#wire.peers.get(link);
    return peer?.ready ? { node: peer.nodeKey, address: addressOf(peer) } : undefined;
  }

  /** The address book; `lastSeenMs` is the wall clock of the last handshake there, `null` for none. */
  addresses(): { readonly url: string; readonly lastSeenMs: number | null }[] {
    return [...this.#parts.book.values()].map(({ address, metAtMs }) => ({
      url: address.url,
      lastSeenMs: metAtMs === 0 ? null : metAtMs,
    }));
  }

  syncState(): SyncState {
    const { missing, inFlight } = this.#parts.bodySync;
    const headers = this.#deps.headers.best().height;
    return { syncing: missing > 0 || this.#parts.headerSync.walking, headers, missing, inFlight };
  }

  /** Tells how much is held for whom, the number of links first, and what is waited for. */
  census(census: Census): void {
    census.holds('machine.links', this.#wire.peers.size);
    census.holds('machine.closed', this.#closed.length);
    census.holds('machine.discouraged', this.#discouraged.size);
    for (const { heldBytes, queuedBytes } of this.#wire.peers.values()) {
      census.holds('machine.heldBytes', heldBytes);
      census.holds('machine.queuedBytes', queuedBytes);
    }
    census.holds('machine.allQueuedBytes', this.#wire.queuedBytes);
    census.holds('machine.allHeldBytes', this.#held.bytes);
    for (const part of this.#parts.counted) part.census(census);
  }

  #take(input: Input) {
    switch (input.type) {
      case 'start':
        if (input.savedAddresses !== null) this.#parts.book.load(input.savedAddresses);
        this.#parts.saver.loaded();
        for (const url of this.#deps.config.peers) this.#parts.dialler.connect(url);
        return;
      case 'opened':
        return this.#opened(input);
      case 'frame':
        return this.#frame(input.link, input.bytes);
      case 'closed':
        return this.#gone(input.link);
      case 'dialFailed':
        return this.#parts.dialler.dialFailed(input.address);
      case 'drained': {
        const peer = this.#wire.peers.get(input.link);
        if (peer !== undefined) this.#wire.drained(peer);
        return;
      }
      case 'wake':
        return;
      case 'transactionsChecked':
        return this.#parts.fetcher.checked(input.results);
      case 'transactionsUnchecked':
        return this.#parts.fetcher.unchecked(input.keys);
      case 'transactionsAdded': {
        const sender = input.link === null ? undefined : this.#wire.peers.get(input.link);
        if (sender?.ready) this.#parts.announcer.peerSent(sender, input.transactions);
        this.#parts.fetcher.added(input.transactions);
        return this.#parts.announcer.added(input.transactions);
      }
      case 'blockChecked':
        return this.#parts.bodySync.settled(input.node);
      case 'bodyRead':
        return this.#parts.bodyServing.bodyRead(input.token, input.body);
      case 'tipChanged':
        this.#parts.fetcher.tipChanged();
        this.#parts.headerSync.tipChanged(input.tip);
        return this.#parts.relay.tipChanged(input.tip);
      case 'blockMined':
        return this.#parts.relay.push(input.node, input.transactions);
      case 'connect':
        return this.#parts.dialler.connect(input.address);
      case 'disconnect': {
        const peer = this.#wire.peers.get(input.link);
        if (peer !== undefined) this.#wire.close(peer, 'REQUESTED');
        return;
      }
      case 'allow':
        this.#parts.handshake.allow(input.nodeIds);
        return this.#parts.dialler.retryAll();
    }
  }

  #opened({ link, inbound, address, loopback }: Extract<Input, { type: 'opened' }>): void {
    const peer = new Peer(link, inbound, address, loopback, this.#wire.nowMs, this.#held);
    this.#wire.peers.set(link, peer);
    this.#wire.linksChanged();
    this.#parts.dialler.opened(peer);
    this.#parts.admission.opened(peer);
    if (peer.phase !== 'closing') this.#parts.handshake.open(peer);
  }

  #ready(peer: Peer) {
    this.#parts.admission.ready(peer);
    if (peer.phase === 'closing') return;
    for (const part of this.#parts.linked) part.ready(peer);
  }

  #frame(link: number, bytes: Uint8Array) {
    const peer = this.#wire.peers.get(link);
    if (peer === undefined || peer.phase === 'closing') return;
    peer.bytesIn += bytes.length;
    peer.heardAtMs = this.#wire.nowMs;
    if (this.#parts.intake.admits(peer, bytes)) this.#dispatch(peer, bytes);
  }

  #dispatch(peer: Peer, bytes: Uint8Array) {
    if (peer.phase === 'greeting' && speaksOtherVersion(bytes))
      return this.#wire.close(peer, 'WRONG_VERSION');
    try {
      this.#route(peer, decodeMessage(bytes));
    } catch (error) {
      // A part that finds the content of a message malformed throws before it has changed anything.
      if (!(error instanceof RuleError)) throw error;
      this.#wire.close(peer, error.code === 'OVERSIZE' ? 'OVERSIZE' : 'MALFORMED', error.message);
    }
  }

  #route(peer: Peer, message: Message | null) {
    // Types of later versions are none of our business, but nothing comes before the handshake.
    if (message === null && peer.ready) return;
    if (message === null || MESSAGES[message.name].phase !== peer.phase) {
      return this.#wire.close(peer, 'OUT_OF_ORDER', message?.name ?? 'unknown');
    }
    routeMessage(this.#parts, peer, message);
  }

  /** A whole body that matches its header, from a push or an answer. */
  #accept(peer: Peer | null, node: HeaderNode, transactions: Transaction[]): void {
    this.#wire.effect({ type: 'acceptBlock', node, transactions, link: peer?.link ?? null });
    this.#parts.bodySync.handedOn(node);
    this.#parts.headerSync.proven(node);
    if (peer !== null) peer.lastBlockAtMs = this.#wire.nowMs;
    // Passed on before it is executed: its work and its context hold, and whoever lacks it is waiting.
    const { headers, chain } = this.#deps;
    const isNews = node === headers.best() && node.work > chain.tip.work && node.parent?.hasBody === true;
    if (isNews) this.#parts.relay.push(node, transactions);
  }

  #invalid(node: HeaderNode, error: RuleError): void {
    this.#deps.headers.invalidate(node);
    // It has come: nobody is late with it, and it doesn't count to who brought its header.
    this.#parts.bodySync.handedOn(node);
    this.#parts.bodySync.settled(node);
    this.#parts.headerSync.proven(node);
    this.#wire.event('bodyInvalid', { height: node.height, code: error.code });
  }

  #gone(link: number) {
    const peer = this.#wire.peers.get(link);
    if (peer === undefined) return;
    this.#wire.peers.delete(link);
    if (peer.phase === 'closing') return this.#parts.dialler.refresh();
    peer.phase = 'closing';
    this.#wire.drained(peer);
    this.#wire.linksChanged();
    this.#wire.event('peerLost', { link, node: peer.nodeKey });
    this.#forget(peer);
    this.#parts.dialler.closed(peer, null);
  }

  #forget(peer: Peer): void {
    this.#parts.intake.drop(peer);
    this.#parts.admission.drop(peer);
    this.#parts.handshake.drop(peer);
    for (const part of this.#parts.linked) part.drop?.(peer);
    assert(peer.heldBytes === 0 && peer.queuedBytes === 0, 'nothing is held for a link that has ended');
  }

  /** Lets every part do what has become due, until nothing closes any more. */
  #settle(): void {
    do {
      while (this.#closed.length > 0) {
        const { peer, code } = this.#closed.shift()!;
        this.#forget(peer);
        this.#parts.dialler.closed(peer, code);
        const penalty = penaltyMs(code, peer.loopback);
        if (penalty > 0) this.#discouraged.add(hostOf(peer.address), this.#wire.nowMs + penalty);
      }
      for (let next = this.#parts.intake.next(); next !== null; next = this.#parts.intake.next()) {
        if (next.peer.phase !== 'closing') this.#dispatch(next.peer, next.frame);
      }
      tickParts(this.#parts);
    } while (this.#closed.length > 0);
  }
}

/** Where others may dial it, or else where it is linked from. */
function addressOf(peer: Peer): string {
  return peer.inbound && peer.listen !== '' ? peer.listen : peer.address;
}
