/** Owns the scenes about blocks: false headers and bodies, and peers that keep true ones back. */

import type { Transaction } from '../../../chain/format/transaction.ts';
import { fullestOf } from '../../../p2p/census.ts';
import {
  type BodyLie,
  type HeaderLie,
  idle,
  spoilBody,
  spoilTransaction,
} from '../../../sim/adversaries/forge.ts';
import { forgeTransaction } from '../../../sim/adversaries/forger.ts';
import { Liar } from '../../../sim/adversaries/liar.ts';
import { RawPeer } from '../../../sim/adversaries/raw-peer.ts';
import type { World } from '../../../sim/world.ts';
import { chainOf, demand, forge, isFollowed, keyOf, linkPeer, makeWorld, type Scene } from './stage.ts';

/** Three linked nodes that don't mine: what happens to the chain comes from a peer. */
async function calm(): Promise<World> {
  const world = makeWorld({ seed: 1, nodes: 3, miners: 0 });
  await world.until(
    'all are linked',
    () => world.up.length === 3 && world.up.every((n) => n.reactor!.machine.peers().length === 2),
    30_000,
  );
  return world;
}

/** A header that lies is neither kept nor forgiven. */
const falseHeader =
  (lie: HeaderLie): Scene =>
  async () => {
    const world = await calm();
    const [node] = world.nodes;
    // The chain is to have a past, or a lie about it could be true by chance.
    const first = new Liar(await linkPeer(world));
    const block = await forge(world, node!, 'honest');
    first.push(block);
    await world.until(
      'the true block is followed',
      () => world.up.every((n) => isFollowed(n, block)),
      20_000,
    );
    for (const how of ['push', 'tell'] as const) {
      const liar = new Liar(await linkPeer(world));
      const lied = await forge(world, node!, lie);
      liar[how](lied);
      await world.run(5_000);
      for (const { reactor } of world.up)
        demand(reactor!.ledger.headers.get(keyOf(lied)) === undefined, `a header with false ${lie} is kept`);
      demand(liar.peer.links.length === 0, `a peer with false ${lie} is not punished`);
    }
  };

async function idleHeader(): Promise<void> {
  const world = await calm();
  const liar = new Liar(await linkPeer(world));
  const block = await forge(world, world.nodes[0]!, 'honest');
  liar.tell({ ...block, header: idle(block.header) });
  await world.run(5_000);
  demand(liar.peer.links.length === 0, 'a header without work goes unpunished');
}

/** Held back until its time has come, then followed. */
async function futureBlock(): Promise<void> {
  const world = await calm();
  const liar = new Liar(await linkPeer(world));
  const block = await forge(world, world.nodes[0]!, 'future');
  liar.push(block);
  await world.run(10_000);
  demand(!world.up.some((node) => isFollowed(node, block)), 'a block of the future is followed');
  await world.until('it is followed in its time', () => world.up.every((n) => isFollowed(n, block)), 120_000);
}

/** A miner pushes a block before its time and leaves: the block is followed all the same. */
async function orphanedFuture(): Promise<void> {
  const world = await calm();
  const liar = new Liar(await linkPeer(world));
  const block = await forge(world, world.nodes[0]!, 'future', await pay(world, 2));
  liar.push(block);
  await world.run(1_000);
  demand(!world.up.some((node) => isFollowed(node, block)), 'a block of the future is followed');
  liar.peer.hangUp();
  await world.until('it is followed in its time', () => world.up.every((n) => isFollowed(n, block)), 120_000);
}

/** Work is cheap here: blocks of the future come by the dozen. The node keeps few, and follows one of them. */
async function manyEarly(): Promise<void> {
  const world = await calm();
  const [node] = world.nodes;
  const liar = new Liar(await linkPeer(world));
  for (let i = 0; i < 12; i++) {
    liar.push(await forge(world, node!, 'future'));
    await world.run(200);
    demand(
      fullestOf(node!.reactor!.machine).held.get('relay.early')! <= 4,
      'too many blocks of the future are kept',
    );
  }
  liar.peer.hangUp();
  await world.until(
    'one is followed',
    () => world.up.every((n) => n.reactor!.ledger.tip.height > 0),
    120_000,
  );
}

/** It left before anybody had the block whole; somebody else has it. */
async function orphanedHeader(): Promise<void> {
  const world = await calm();
  const block = await forge(world, world.nodes[0]!, 'future');
  const liar = new Liar(await linkPeer(world), { silent: true });
  const friend = new Liar(await linkPeer(world));
  liar.tell(block);
  await world.run(1_000);
  liar.peer.hangUp();
  friend.keep(block);
  await world.until('another is asked for it', () => world.up.every((n) => isFollowed(n, block)), 120_000);
}

/** Payments that wait on every node, without being mined. */
async function pay(world: World, count: number): Promise<Transaction[]> {
  const sent: Transaction[] = [];
  for (let i = 0; i < count; i++)
    sent.push((await world.pay(world.nodes[0]!, 2 * (i % 4), 1, 1_000)).transaction);
  await world.until('all have them', () => world.up.every((n) => n.reactor!.pool.size === count), 20_000);
  return sent;
}

async function falseState(): Promise<void> {
  const world = await calm();
  const liar = new Liar(await linkPeer(world));
  const block = await forge(world, world.nodes[0]!, 'state', await pay(world, 2));
  liar.push(block);
  await world.run(10_000);
  demand(!world.up.some((node) => isFollowed(node, block)), 'a block with a false state is followed');
}

async function unsignedBlock(): Promise<void> {
  const world = await calm();
  const { ledger } = world.nodes[0]!.reactor!;
  const draft = { chainId: ledger.chainId, nonce: 0, height: 0, from: 0, to: 2 };
  const liar = new Liar(await linkPeer(world));
  const block = await forge(world, world.nodes[0]!, 'honest', [
    forgeTransaction(world.users, 'signature', draft),
  ]);
  demand(block.transactions.length === 1, 'the forged block has its transaction');
  liar.push(block);
  await world.run(10_000);
  demand(!world.up.some((node) => isFollowed(node, block)), 'a block with a false signature is followed');
}

/**
 * A block that commits to a malformed or falsely signed transaction is invalid for good. Whoever sends it keeps its link,
 * nobody asks for it twice, and the chain goes on without it.
 */
const spoiltBody =
  (lie: BodyLie): Scene =>
  async () => {
    const world = await calm();
    const [node] = world.nodes;
    const payments = await pay(world, 2);
    for (const how of ['push', 'tell'] as const) {
      const spoilt = spoilBody(await forge(world, node!, 'honest', payments), lie);
      const liar = new Liar(await linkPeer(world));
      const links = liar.peer.links.length;
      liar[how](spoilt);
      await world.run(5_000);
      demand(!world.up.some((n) => isFollowed(n, spoilt)), `a block with a ${lie} transaction is followed`);
      for (const { reactor } of world.up) {
        const known = reactor!.ledger.headers.get(keyOf(spoilt));
        demand(known?.invalid === true, `a block with a ${lie} transaction is not remembered as invalid`);
      }
      demand(liar.peer.links.length === links, `who sends a block with a ${lie} transaction loses its link`);
    }
    const friend = new Liar(await linkPeer(world));
    const honest = await forge(world, node!, 'honest', payments);
    friend.push(honest);
    await world.until('the chain goes on', () => world.up.every((n) => isFollowed(n, honest)), 20_000);
    await world.auditSame();
  };

/** A malformed transaction of another body says nothing about the block. */
async function spoiltAnswer(): Promise<void> {
  const world = await calm();
  const block = await forge(world, world.nodes[0]!, 'honest', await pay(world, 2));
  const liar = new Liar(await linkPeer(world), {
    body: (list) => [...list.slice(0, -1), spoilTransaction(list.at(-1)!, 'malformed')],
  });
  liar.tell(block);
  await world.run(2_000);
  demand(liar.peer.links.length === 0, 'another body goes unpunished');
  const friend = new Liar(await linkPeer(world));
  friend.tell(block);
  await world.until('the true body is taken', () => world.up.every((n) => isFollowed(n, block)), 60_000);
}

/** A false body costs who sent it its link, and the true one is followed all the same. */
async function mutatedBody(): Promise<void> {
  const mutations = [
    (list: readonly Transaction[]) => [...list, list.at(-1)!],
    (list: readonly Transaction[]) => list.slice(1),
  ];
  for (const body of mutations) {
    const world = await calm();
    const block = await forge(world, world.nodes[0]!, 'honest', await pay(world, 3));
    const liar = new Liar(await linkPeer(world), { body });
    liar.tell(block);
    await world.run(2_000);
    const friend = new Liar(await linkPeer(world));
    friend.tell(block);
    await world.until('the true body is taken', () => world.up.every((n) => isFollowed(n, block)), 60_000);
    await world.auditSame();
  }
}

/** A short id that names another transaction of the pool is nobody's fault. */
async function shortIds(): Promise<void> {
  const world = await calm();
  const [mined, other] = await pay(world, 2);
  const friend = new Liar(await linkPeer(world));
  const block = await forge(world, world.nodes[0]!, 'honest', [mined!]);
  const links = friend.peer.links.length;
  friend.push(block, [other!]);
  await world.until('it is followed', () => world.up.every((n) => isFollowed(n, block)), 60_000);
  demand(friend.peer.links.length === links, 'a peer is punished for short ids that collide');
}

/** Who shows a block and never delivers it doesn't keep it from coming from others. */
async function silentPeer(): Promise<void> {
  for (const how of ['push', 'tell'] as const) {
    const world = await calm();
    const { ledger } = world.nodes[0]!.reactor!;
    const order = { chainId: ledger.chainId, nonce: 0, feePerByte: 1, body: world.users.transfer(1, 5_000) };
    const block = await forge(world, world.nodes[0]!, 'honest', [world.users.sign(0, order)]);
    const silent = new Liar(await linkPeer(world), { silent: true });
    silent[how](block);
    await world.run(500);
    const friend = new Liar(await linkPeer(world));
    friend.tell(block);
    await world.until('another delivers it', () => world.up.every((n) => isFollowed(n, block)), 60_000);
  }
}

/** Acknowledged, mined, displaced by a longer branch, and then a crash before anybody else hears of it. */
async function loneReorganisation(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 2, miners: 0 });
  const [node, other] = world.nodes;
  const peer = new RawPeer(99, world.network, world.random.fork('peer'));
  world.network.split([[0, 99], [1]], true);
  await world.until('both are up', () => world.up.length === 2, 5_000);
  peer.dial(node!.address, node!.reactor!.ledger.chainId);
  await world.until('the peer is linked', () => peer.links.length === 1, 5_000);
  const { transaction } = await world.pay(node!, 0, 1, 1_000);
  const liar = new Liar(peer);
  liar.push(await forge(world, node!, 'honest', [transaction]));
  await world.until('it is mined', () => node!.reactor!.ledger.tip.height === 1, 5_000);
  other!.reactor!.mining.set(other!.signer.address, 2);
  await world.until('the other branch is longer', () => other!.reactor!.ledger.tip.height >= 4, 600_000);
  const rival = new Liar(peer);
  const blocks = await chainOf(other!);
  for (const block of blocks) rival.keep(block);
  rival.tell(blocks.at(-1)!);
  await world.until('it is displaced', () => node!.reactor!.ledger.tip.height >= 4, 60_000, 1);
  node!.crash();
  node!.start();
  await world.until('it is up', () => node!.reactor !== null && node!.atRest, 10_000);
  await world.run(1_000);
  demand(node!.reactor!.pool.has(transaction.key), 'an acknowledged, displaced payment is lost in a crash');
}

export const blockScenes: Readonly<Record<string, Scene>> = {
  'easy bits': falseHeader('bits'),
  'false elapsed': falseHeader('elapsed'),
  'false history': falseHeader('history'),
  'false height': falseHeader('height'),
  'idle header': idleHeader,
  'future block': futureBlock,
  'orphaned future': orphanedFuture,
  'orphaned header': orphanedHeader,
  'many early blocks': manyEarly,
  'false state': falseState,
  'unsigned block': unsignedBlock,
  'falsely signed body': spoiltBody('signature'),
  'malformed body': spoiltBody('malformed'),
  'malformed answer': spoiltAnswer,
  'mutated body': mutatedBody,
  'short ids': shortIds,
  'silent peer': silentPeer,
  'lone reorganisation': loneReorganisation,
};
