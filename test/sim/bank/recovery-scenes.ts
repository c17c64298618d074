/** Owns the scenes about recoveries: one that goes its whole way, and steps that somebody may not take, mined all the same. */
import type { Body } from '../../../chain/format/transaction.ts';
import { Liar } from '../../../sim/adversaries/liar.ts';
import type { World } from '../../../sim/world.ts';
import { proveKey } from '../../../wallet/sign.ts';
import { demand, forge, isFollowed, linkPeer, makeWorld, type Scene } from './stage.ts';

const DELAY = 4;
const TRIES = 5;

async function mined(world: World, user: number, body: Body): Promise<void> {
  const [node] = world.nodes;
  const { answer } = await world.send(node!, user, body);
  demand(answer !== undefined && 'status' in answer, `a good ${body.TAG} is refused`);
  await world.until(`a ${body.TAG} is mined`, () => node!.reactor!.pool.size === 0 && world.agrees, 600_000);
}

function recoverBody(world: World, user: number, nonce: number, ward: number): Body {
  const { chainId } = world.nodes[0]!.reactor!.ledger;
  const target = world.users.address(ward);
  const proof = { chainId, sender: world.users.address(user), nonce, target };
  return { TAG: 'recover', data: { target, ...proveKey(world.users.newKey(ward), proof) } };
}

async function blocks(world: World, count: number): Promise<void> {
  const { ledger } = world.nodes[0]!.reactor!;
  const goal = ledger.tip.height + count;
  await world.until(`${count} blocks`, () => ledger.tip.height >= goal, 3_600_000);
}

/** Locked by its owner, recovered by whom it named, after the delay. */
async function recovery(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 2 });
  await world.run(5_000);
  const target = world.users.address(0);
  const guard = { account: world.users.address(2), delay: DELAY };
  await mined(world, 0, { TAG: 'setRecovery', data: { recovery: guard } });
  await mined(world, 0, { TAG: 'revoke', data: {} });
  await mined(world, 2, recoverBody(world, 2, 0, 0));
  await blocks(world, DELAY);
  await mined(world, 2, { TAG: 'claim', data: { target } });
  await world.auditSame();
}

/** Each is put into a block by somebody who mines it whatever the rules say, and no node may follow that. */
async function falseRecoveries(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 2 });
  await world.run(5_000);
  const target = world.users.address(0);
  const guard = { account: world.users.address(2), delay: 50 };
  await mined(world, 0, { TAG: 'setRecovery', data: { recovery: guard } });
  const refuse = async (user: number, nonce: number, body: Body): Promise<void> => {
    const [node] = world.nodes;
    const { chainId } = node!.reactor!.ledger;
    const lied = world.users.sign(user, { chainId, nonce, feePerByte: 1, body });
    // More than once: an honest block may come in between.
    for (let i = 0; i < TRIES; i++) {
      const liar = new Liar(await linkPeer(world));
      const block = await forge(world, node!, 'honest', [lied]);
      if (block.transactions.length === 0) return liar.peer.hangUp();
      liar.push(block);
      await world.run(3_000);
      demand(!world.up.some((other) => isFollowed(other, block)), `a false ${body.TAG} is followed`);
      liar.peer.hangUp();
    }
  };
  await refuse(4, 0, recoverBody(world, 4, 0, 0));
  await mined(world, 2, recoverBody(world, 2, 0, 0));
  await refuse(2, 1, { TAG: 'claim', data: { target } });
  await refuse(0, 1, { TAG: 'veto', data: { target } });
  await world.run(60_000);
}

export const recoveryScenes: Readonly<Record<string, Scene>> = {
  recovery,
  'false recoveries': falseRecoveries,
};
