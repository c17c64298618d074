/** Owns the scenes about transactions: false ones, floods of them, and announcers that don't deliver. */
import { equalBytes } from '../../../chain/format/bytes.ts';
import { Forger, forgeTransaction, LIES } from '../../../sim/adversaries/forger.ts';
import { Liar } from '../../../sim/adversaries/liar.ts';
import { auditBounds } from '../../../sim/bounds.ts';
import { demand, forge, linkPeer, makeWorld, type Scene } from './stage.ts';

/** Bytes that the announcements of one peer may make a node hold: 4,096 of 256. */
const ANNOUNCED_BYTES_MAX = 4_096 * 256;
const WAITING_PER_SENDER_MAX = 64;

/** False transactions on every way into a block: announced, and mined by who doesn't care. */
async function forgeries(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 3 });
  await world.run(5_000);
  const replayed = await world.pay(world.nodes[0]!, 0, 1, 10_000);
  await world.run(120_000);
  const { ledger } = world.nodes[0]!.reactor!;
  for (const [i, lie] of LIES.entries()) {
    const from = 2 * (i % 4);
    const draft = {
      chainId: ledger.chainId,
      nonce: await world.nextNonce(world.nodes[0]!, from),
      // Of one block before, so that what is no longer valid by one is told from what is long past.
      height: ledger.tip.height - 1,
      from,
      to: 1,
    };
    const forged = forgeTransaction(world.users, lie, draft);
    const forger = new Forger(await linkPeer(world));
    const links = forger.peer.links.length;
    forger.announce(forged);
    await world.run(3_000);
    const own = lie === 'signature' || lie === 'chain';
    demand(own || forger.peer.links.length === links, `a peer is punished for relaying: ${lie}`);
    demand(!own || forger.peer.links.length === 0, `a peer is not punished for a false ${lie}`);
    forger.peer.hangUp();
    const miner = new Liar(await linkPeer(world));
    miner.push(await forge(world, world.nodes[0]!, 'honest', [forged, replayed.transaction]));
    await world.run(5_000);
    miner.peer.hangUp();
  }
  await world.run(60_000);
}

async function lockedAccount(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 2 });
  await world.run(5_000);
  const [node] = world.nodes;
  const recovery = { account: world.users.address(2), delay: 5 };
  await world.send(node!, 0, { TAG: 'setRecovery', data: { recovery } });
  await world.run(60_000);
  await world.send(node!, 0, { TAG: 'revoke', data: {} });
  await world.run(60_000);
  await world.pay(node!, 0, 1, 1_000);
  await world.run(60_000);
}

async function gapFlood(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 2, miners: 0 });
  await world.run(5_000);
  const forger = new Forger(await linkPeer(world));
  const { chainId } = world.nodes[0]!.reactor!.ledger;
  const order = { chainId, feePerByte: 1, body: world.users.transfer(1, 1_000) };
  const flood = Array.from({ length: 300 }, (_, i) => world.users.sign(0, { ...order, nonce: 3 + i }));
  forger.announce(...flood);
  await world.run(10_000);
  for (const { reactor } of world.up) {
    const held = flood.filter(({ key }) => reactor!.admissions.held(key) !== undefined).length;
    demand(held > 0, 'a transaction behind a gap waits');
    demand(held <= WAITING_PER_SENDER_MAX, `${held} transactions of one sender wait`);
  }
}

async function announcementFlood(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 2, miners: 0 });
  await world.run(5_000);
  const peer = await linkPeer(world);
  for (let i = 0; i < 20; i++) {
    peer.shout('announce', { ids: Array.from({ length: 1_024 }, () => peer.random.bytes(32)) });
    await world.run(20);
    for (const { reactor, monotonicMs } of world.up) {
      auditBounds(reactor!, monotonicMs);
      for (const { heldBytes } of reactor!.machine.peers())
        demand(heldBytes <= ANNOUNCED_BYTES_MAX, `${heldBytes} bytes are held for announcements of one peer`);
    }
  }
  await world.run(120_000);
  demand(world.idle, 'what a flood made nodes hold is let go');
}

/** Who has used up its share of a node's work isn't listened to for a while. */
async function budgetFlood(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 1, miners: 0 });
  await world.run(5_000);
  const peer = await linkPeer(world);
  const ids = Array.from({ length: 1_024 }, () => peer.random.bytes(32));
  const last = peer.random.bytes(32);
  let listened = false;
  peer.heard = (message) => {
    if (message.name === 'getTransactions') listened ||= message.body.ids.some((id) => equalBytes(id, last));
    return false;
  };
  for (let i = 0; i < 5; i++) {
    for (let k = 0; k < 150; k++) peer.shout('announce', { ids });
    await world.run(1);
  }
  peer.shout('announce', { ids: [last] });
  await world.run(30_000);
  demand(!listened, 'a peer may use as much work as it likes');
}

async function silentAnnouncer(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 2, miners: 0 });
  await world.run(5_000);
  const { chainId } = world.nodes[0]!.reactor!.ledger;
  const order = { chainId, nonce: 0, feePerByte: 1, body: world.users.transfer(1, 1_000) };
  const transaction = world.users.sign(0, order);
  const silent = await linkPeer(world);
  silent.shout('announce', { ids: [transaction.id] });
  await world.run(500);
  new Forger(await linkPeer(world)).announce(transaction);
  await world.until(
    'another delivers it',
    () => world.up.every((n) => n.reactor!.pool.has(transaction.key)),
    30_000,
  );
}

export const transactionScenes: Readonly<Record<string, Scene>> = {
  forgeries,
  'locked account': lockedAccount,
  'gap flood': gapFlood,
  'announcement flood': announcementFlood,
  'budget flood': budgetFlood,
  'silent announcer': silentAnnouncer,
};
