/**
 * Owns how the parts of the protocol are put together: each with what it needs and nothing else, and the orders in
 * which they greet a link and look at the clock. It holds no state of its own.
 */
import type { HeaderNode } from '../chain/consensus/header-tree.ts';
import type { RuleError } from '../chain/errors.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import { AddressBook } from './addresses/address-book.ts';
import { AddressExchange } from './addresses/address-exchange.ts';
import { AddressSaver } from './addresses/address-saver.ts';
import type { Census } from './census.ts';
import type { MachineDeps } from './door.ts';
import { admitEarly, type EarlyHeader } from './early-header.ts';
import { Announcer } from './gossip/announcer.ts';
import { TransactionFetcher } from './gossip/transaction-fetcher.ts';
import { Intake } from './intake.ts';
import { INBOUND_MAX, OUTBOUND_TARGET } from './limits.ts';
import type { Peer } from './peer.ts';
import { Admission } from './peers/admission.ts';
import { Dialler } from './peers/dialler.ts';
import type { Discouraged } from './peers/discouraged.ts';
import { Feeler } from './peers/feeler.ts';
import { Handshake, type HelloSource } from './peers/handshake.ts';
import { KeepAlive } from './peers/keep-alive.ts';
import { BlockRelay } from './relay/block-relay.ts';
import { BodyServing } from './sync/body-serving.ts';
import { BodySync } from './sync/body-sync.ts';
import { HeaderServing } from './sync/header-serving.ts';
import { HeaderSync } from './sync/header-sync.ts';
import { LostBodies } from './sync/lost-bodies.ts';
import { earlier, type Wire } from './wire.ts';

/** What the parts ask of whoever puts them together. */
export interface Hooks {
  ready(peer: Peer): void;
  /** A whole body that matches its header. */
  accept(peer: Peer | null, node: HeaderNode, transactions: Transaction[]): void;
  /** A body that is its header's and breaks a rule. */
  invalid(node: HeaderNode, error: RuleError): void;
  /** Hosts that are neither dialled nor accepted. */
  readonly discouraged: Discouraged;
}

/** A part that follows the life of a link. */
interface LinkedPart {
  ready(peer: Peer): void;
  drop?(peer: Peer): void;
}

/** A part that can be looked at. */
interface CountedPart {
  census(census: Census): void;
}

export interface Parts {
  readonly intake: Intake;
  readonly book: AddressBook;
  readonly admission: Admission;
  readonly handshake: Handshake;
  readonly keepAlive: KeepAlive;
  readonly dialler: Dialler;
  readonly feeler: Feeler;
  readonly exchange: AddressExchange;
  readonly saver: AddressSaver;
  readonly announcer: Announcer;
  readonly fetcher: TransactionFetcher;
  readonly relay: BlockRelay;
  readonly headerSync: HeaderSync;
  readonly headerServing: HeaderServing;
  readonly bodySync: BodySync;
  readonly lostBodies: LostBodies;
  readonly bodyServing: BodyServing;
  readonly linked: readonly LinkedPart[];
  readonly counted: readonly CountedPart[];
}

export function makeParts(deps: MachineDeps, wire: Wire, hooks: Hooks): Parts {
  const { headers, chain, pool, identity, random, config } = deps;
  const { listen, agent } = config;
  const introduce = (): HelloSource => {
    const { work, height } = chain.tip;
    return { chainId: headers.chainId, work, height, listen, agent };
  };
  const intake = new Intake(wire);
  const charge = (peer: Peer, units: number): void => intake.charge(peer, units);
  const { accept, invalid } = hooks;
  const { discouraged } = hooks;
  const admission = new Admission(wire, discouraged, config.inboundMax ?? INBOUND_MAX);
  const handshake = new Handshake(wire, identity, introduce, random, hooks.ready);
  const keepAlive = new KeepAlive(wire, random);
  const book = new AddressBook(Uint8Array.from({ length: 32 }, () => random() & 0xff));
  const rules = {
    mayDial: (host: string) => !discouraged.has(host, wire.nowMs),
    allows: (nodeKey: string) => handshake.allows(nodeKey),
  };
  const target = config.outboundTarget ?? OUTBOUND_TARGET;
  const dialler = new Dialler(wire, book, rules, random, target, listen);
  const tip = { work: () => chain.tip.work, blockMs: headers.params.difficulty.targetMs };
  const feeler = new Feeler(wire, dialler, tip, random, target);
  const exchange = new AddressExchange(wire, book, listen, random, () => dialler.refresh());
  const saver = new AddressSaver(wire, book);
  const announcer = new Announcer(wire, pool);
  const fetcher = new TransactionFetcher(wire, pool, charge);
  const headerSync = new HeaderSync(wire, headers, chain);
  const learn = (peer: Peer, header: Uint8Array) => headerSync.learn(peer, header);
  const learnEarly = (early: EarlyHeader) => admitEarly(headers, early, wire.now.wallMs);
  const relayPorts = { learn, learnEarly, accept, invalid, charge };
  const relay = new BlockRelay(wire, chain, pool, headers.params.limits, relayPorts);
  const isRebuilding = (key: string): boolean => relay.isRebuilding(key);
  const bodySync = new BodySync(wire, headers, chain, { isRebuilding, accept, invalid, charge });
  const lostBodies = new LostBodies(wire, headers, chain, accept);
  const headerServing = new HeaderServing(wire, headers, chain, charge);
  const bodyServing = new BodyServing(wire, headers, charge);
  return {
    intake,
    book,
    admission,
    handshake,
    keepAlive,
    dialler,
    feeler,
    exchange,
    saver,
    announcer,
    fetcher,
    relay,
    headerSync,
    headerServing,
    bodySync,
    lostBodies,
    bodyServing,
    linked: [
      dialler,
      keepAlive,
      headerSync,
      bodySync,
      lostBodies,
      bodyServing,
      relay,
      fetcher,
      announcer,
      exchange,
      feeler,
    ],
    counted: [
      intake,
      admission,
      handshake,
      keepAlive,
      dialler,
      feeler,
      exchange,
      announcer,
      fetcher,
      relay,
      headerSync,
      bodySync,
      lostBodies,
      bodyServing,
    ],
  };
}

/**
 * Has every part do what has become due. Headers before bodies: they tell which are missing. What is read and dialled
 * comes last. By name, not through a list: every input asks all of them, and nearly all have nothing to do.
 */
export function tickParts(parts: Parts): void {
  parts.admission.tick();
  parts.handshake.tick();
  parts.keepAlive.tick();
  parts.headerSync.tick();
  parts.relay.tick();
  parts.bodySync.tick();
  parts.lostBodies.tick();
  parts.fetcher.tick();
  parts.announcer.tick();
  parts.bodyServing.tick();
  parts.feeler.tick();
  parts.dialler.tick();
  parts.saver.tick();
}

/** The earliest monotonic time at which `tickParts`, or a frame that waits, has something to do; `null` if never. */
export function deadlineOfParts(parts: Parts): number | null {
  let at = parts.intake.deadline();
  at = earlier(at, parts.admission.deadline());
  at = earlier(at, parts.handshake.deadline());
  at = earlier(at, parts.keepAlive.deadline());
  at = earlier(at, parts.headerSync.deadline());
  at = earlier(at, parts.relay.deadline());
  at = earlier(at, parts.bodySync.deadline());
  at = earlier(at, parts.lostBodies.deadline());
  at = earlier(at, parts.fetcher.deadline());
  at = earlier(at, parts.announcer.deadline());
  at = earlier(at, parts.feeler.deadline());
  at = earlier(at, parts.dialler.deadline());
  return earlier(at, parts.saver.deadline());
}
