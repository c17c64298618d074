/** Owns the scenes about who is linked with whom: eclipses, floods of addresses, and headers of little work. */

import { HeaderTree } from '../../../chain/consensus/header-tree.ts';
import { fromText, toHex } from '../../../chain/format/bytes.ts';
import { AddressBook } from '../../../p2p/addresses/address-book.ts';
import { parsePeerUrl } from '../../../p2p/addresses/peer-url.ts';
import { fullestOf } from '../../../p2p/census.ts';
import { growBranch } from '../../../sim/adversaries/branch.ts';
import { Liar } from '../../../sim/adversaries/liar.ts';
import { RawPeer } from '../../../sim/adversaries/raw-peer.ts';
import type { Side } from '../../../sim/link.ts';
import type { World } from '../../../sim/world.ts';
import { demand, linkPeer, makeWorld, type Scene } from './stage.ts';

const HONEST = 4;
const ECLIPSE = { identities: 60, groups: 30 };
/** Expected: an honest address is one in sixteen of the book, and one is tried in ten seconds once no block has come. */
const FREED_MS = 15 * 60_000;

/**
 * A node that nobody dials and whose book is nearly all an attacker's restarts while no honest node can be reached: all
 * its links are the attacker's, who shows it nothing. It must find the honest chain again.
 */
export async function eclipse(world: World, freedMs = FREED_MS): Promise<number> {
  const [eclipser] = world.gang.eclipsers;
  const victim = world.nodes[HONEST]!;
  await world.until('the honest are up', () => world.nodes.slice(0, HONEST).every((n) => n.atRest), 5_000);
  const book = new AddressBook(world.random.fork('book').bytes(32));
  const honest = world.nodes.slice(0, HONEST).map(({ address }) => address);
  for (const address of world.random.shuffle([...honest, ...eclipser!.peers.map((peer) => peer.address)])) {
    const url = parsePeerUrl(address)!;
    book.add(url, url.group);
  }
  victim.disk.addresses = book.save();
  const attackers = world.gang.indexes;
  world.network.split([[...attackers, HONEST], honest.map((_, i) => i)], true);
  victim.start();
  await world.until('it is up', () => victim.reactor !== null, 5_000);
  eclipser!.aim(victim);
  const links = () => victim.reactor!.machine.peers();
  await world.until('it is eclipsed', () => links().filter(({ inbound }) => !inbound).length === 8, 120_000);
  world.network.heal();
  const began = world.now;
  const [other] = world.nodes;
  const isFree = (): boolean =>
    victim.reactor !== null &&
    other!.reactor!.ledger.tip.height - victim.reactor.ledger.tip.height < 2 &&
    victim.reactor.ledger.tip.height > 1;
  await world.until('it follows the honest chain', isFree, freedMs, 1_000);
  return world.now - began;
}

export function eclipseWorld(make: (options: Parameters<typeof makeWorld>[0]) => World, seed: number): World {
  return make({
    seed,
    nodes: HONEST + 1,
    miners: HONEST,
    started: HONEST,
    hidden: 1,
    adversaries: ['eclipser'],
    eclipse: ECLIPSE,
    peersOf: (index) => (index === HONEST ? [] : Array.from({ length: index }, (_, i) => i)),
  });
}

async function eclipsed(): Promise<void> {
  for (const seed of [1, 2, 3]) await eclipse(eclipseWorld(makeWorld, seed));
}

/** What peers that come and go tell of addresses: few of each link, and nothing that leads into the node's own network. */
async function addressFlood(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 1, miners: 0 });
  await world.run(1_000);
  const [node] = world.nodes;
  const links = 30;
  const url = (peer: RawPeer): Uint8Array => {
    const [a, b, c] = [20 + peer.random.below(70), peer.random.below(256), peer.random.below(256)];
    return fromText(`ws://${a}.${b}.${c}.1:9000`);
  };
  const urls = (peer: RawPeer): Uint8Array[] => Array.from({ length: 64 }, () => url(peer));
  for (let i = 0; i < links; i++) {
    const peer = await linkPeer(world);
    for (let k = 0; k < 4; k++) peer.shout('addresses', { urls: urls(peer) });
    await world.run(200);
    peer.hangUp();
    await world.run(200);
  }
  const known = node!.reactor!.machine.addresses();
  demand(known.length > 0, 'no address is taken of who dials in');
  demand(known.length <= 4 * links, `${known.length} addresses are taken of ${links} links that dialled in`);
}

/** Peers that it dialled tell it of more and more: the book is bounded, and one network group reaches an eighth of it. */
async function bookFlood(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 1, miners: 0, peersOf: () => [] });
  await world.run(1_000);
  const [node] = world.nodes;
  const { chainId } = node!.reactor!.ledger;
  const tellers = Array.from({ length: 48 }, (_, i) => {
    const host = `44.1.${i}.1`;
    const peer = new RawPeer(200, world.network, world.random.fork(`teller ${i}`), { host });
    peer.heard = (message, link) => {
      if (message.name !== 'getAddresses') return false;
      for (let k = 0; k < 2; k++) {
        const urls = Array.from({ length: 64 }, () =>
          fromText(`ws://${50 + peer.random.below(150)}.${peer.random.below(256)}.7.7:9000`),
        );
        peer.say(link, 'addresses', { urls });
      }
      return true;
    };
    peer.listen(chainId);
    return peer;
  });
  for (const { address } of tellers) node!.reactor!.connect(address);
  await world.until('it has heard them all', () => node!.reactor!.machine.peers().length === 48, 120_000);
  await world.run(5_000);
  const told = node!.reactor!.machine.addresses().filter(({ url }) => !url.startsWith('ws://44.1.'));
  demand(told.length > 64, 'nothing is learned of who was dialled');
  demand(told.length <= 8 * 32, `one network group has put ${told.length} addresses into the book`);
}

/** A long branch with little work costs a node no memory, whoever shows it and whatever he claims. */
async function lowWork(): Promise<void> {
  const blockMs = 1_000;
  const world = makeWorld({ seed: 1, nodes: 1, blockMs });
  const [node] = world.nodes;
  await world.until('there is a chain', () => (node!.reactor?.ledger.tip.height ?? 0) >= 260, 600_000, 1_000);
  // Asleep for hours: time enough for a long branch of easy blocks.
  node!.crash();
  await world.run(4 * 3_600_000);
  node!.start();
  await world.until('it is up', () => node!.reactor !== null && node!.atRest, 10_000);
  const { headers } = node!.reactor!.ledger;
  const { genesis } = new HeaderTree(world.params, headers.genesis.header);
  const halfLife = world.params.difficulty.halfLifeMs;
  const times = Array.from(
    { length: 700 },
    (_, i) => genesis.header.time + Math.min(i + 1, 8) * halfLife + 8 * i * blockMs,
  );
  const branch = growBranch(world.params, genesis, times, 7);
  const size = headers.size;
  const peer = await linkPeer(world);
  new Liar(peer).claim(branch);
  await world.until(
    'it has looked at it',
    () => world.watch.count('lowWork') > 0 || headers.size > size + 400,
    60_000,
  );
  await world.run(30_000);
  demand(headers.size - size < 100, `${headers.size - size} headers of little work are kept`);
}

/** Linked to honest nodes, its book filled by an attacker, a node restarts: it must have honest links of its own again. */
async function restart(): Promise<void> {
  for (const seed of [1, 2, 3, 4]) {
    const world = eclipseWorld(makeWorld, seed);
    const [eclipser] = world.gang.eclipsers;
    const victim = world.nodes[HONEST]!;
    const honest = new Set(world.nodes.slice(0, HONEST).map(({ address }) => address));
    const fill = (urls: Iterable<string>): Uint8Array => {
      const book = new AddressBook(new Uint8Array(32).fill(seed));
      if (victim.disk.addresses !== null) book.load(victim.disk.addresses);
      for (const text of urls) {
        const url = parsePeerUrl(text)!;
        // From everybody, and met before: the attacker has had time.
        book.add(url, text);
        const entry = book.get(text);
        if (entry !== undefined && !honest.has(text)) book.met(entry, '', 1);
      }
      return book.save();
    };
    const honestLinks = (): number =>
      victim.reactor!.machine.peers().filter(({ inbound, address }) => !inbound && honest.has(address))
        .length;
    victim.disk.addresses = fill(honest);
    await world.run(2_000);
    victim.start();
    await world.until('it is linked', () => victim.reactor !== null && honestLinks() === HONEST, 30_000);
    await world.run(70_000);
    victim.crash();
    victim.disk.addresses = fill(eclipser!.peers.map(({ address }) => address));
    eclipser!.aim(victim, world.nodes[0]!);
    victim.start();
    await world.run(20_000);
    demand(honestLinks() >= 2, `${honestLinks()} of its links are honest after a restart`);
  }
}

/** All inbound places are an attacker's; an honest node that was there keeps its own, and one that dials in finds one and keeps it, however many come after them. */
async function crowd(): Promise<void> {
  const world = makeWorld({
    seed: 1,
    nodes: 3,
    miners: 0,
    started: 1,
    peersOf: (index) => (index === 0 ? [] : [0]),
  });
  await world.run(1_000);
  const [node, ...honest] = world.nodes;
  const { chainId } = node!.reactor!.ledger;
  const dialIn = (first: number, count: number): void => {
    for (let i = first; i < first + count; i++) {
      const host = `44.${i % 20}.${i}.1`;
      new RawPeer(200, world.network, world.random.fork(`crowd ${i}`), { host }).dial(node!.address, chainId);
    }
  };
  const links = (): string[] => node!.reactor!.machine.peers().map((peer) => peer.node);
  const honestKeys = honest.map(({ signer }) => toHex(signer.publicKey));
  const inbound = (): number => node!.reactor!.machine.peers().filter((peer) => peer.inbound).length;
  const places = (): number[] =>
    node!.reactor!.machine.peers().flatMap((p) => (honestKeys.includes(p.node) ? [p.link] : []));
  // Far away: they aren't kept for their short way.
  for (const { index } of honest) world.network.lag(index, 300);
  const [early, late] = honest;
  early!.start();
  await world.until('the first is linked', () => links().length === 1, 10_000);
  const [first] = places();
  // In steps: so many at once aren't heard.
  for (let from = 0; from < 63; from += 9) {
    dialIn(from, 9);
    await world.until('they are linked', () => links().length === from + 10, 5_000);
  }
  late!.start();
  const isLinked = (): boolean => honestKeys.every((key) => links().includes(key));
  await world.until('the honest find a place', isLinked, 60_000);
  const kept = places().join();
  demand(places().includes(first!), 'the oldest link loses its place to a crowd of one hand');
  for (let i = 0; i < 10; i++) {
    dialIn(63 + 10 * i, 10);
    await world.run(2_000);
    demand(places().join() === kept, 'an honest node loses its place to a crowd of one hand');
    demand(inbound() <= 64, `${inbound()} links came in`);
  }
  for (let i = 0; i < 100; i++) dialOnce(world, i, null);
  await world.run(20_000);
  demand(inbound() === 64, 'a link that says nothing takes the place of one that is ready');
}

/** A host of its own opens a link to the first node and says at most these bytes. */
function dialOnce(world: World, i: number, bytes: Uint8Array | null): void {
  let line: Side | null = null;
  const attach = (side: Side): void => {
    line = side;
  };
  const report = ({ type }: { type: string }): void => {
    if (type === 'opened' && bytes !== null) line!.send(bytes);
  };
  const host = `46.${i >> 8}.${i & 255}.1`;
  const silent = { node: 200, host, listening: false, nextLink: () => 1, attach, report };
  world.network.dial(silent, world.nodes[0]!.address);
}

/** Hosts that open links and say nothing, or nonsense: neither takes more than its place. */
async function strangers(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 1, miners: 0 });
  await world.run(1_000);
  const [node] = world.nodes;
  const dialIn = (i: number, bytes: Uint8Array | null): void => dialOnce(world, i, bytes);
  const held = (name: string): number => fullestOf(node!.reactor!.machine).held.get(name)!;
  for (let i = 0; i < 100; i++) dialIn(i, null);
  await world.run(1_000);
  demand(held('handshake.peers') === 100, 'who has just come is not given time for a handshake');
  await world.run(2_000);
  demand(held('handshake.peers') > 0, 'nobody is listened to');
  demand(held('handshake.peers') <= 33, `${held('handshake.peers')} links are in their handshake`);
  for (let i = 100; i < 500; i++) dialIn(i, null);
  await world.run(1_000);
  demand(held('handshake.peers') <= 257, `${held('handshake.peers')} links are in their handshake`);
  await world.run(20_000);
  for (let i = 500; i < 1_600; i++) {
    dialIn(i, Uint8Array.of(1));
    if (i % 20 === 0) await world.run(200);
  }
  await world.run(2_000);
  demand(held('machine.discouraged') > 1_000, 'nobody is shut out');
  demand(held('machine.discouraged') <= 1_024, `${held('machine.discouraged')} hosts are remembered`);
}

export const networkScenes: Readonly<Record<string, Scene>> = {
  eclipse: eclipsed,
  restart,
  crowd,
  strangers,
  'address flood': addressFlood,
  'book flood': bookFlood,
  'low work': lowWork,
};
