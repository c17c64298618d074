/** Owns the worlds in which faults are looked for: random lives, and scenes for what chance seldom shows. */
import { Life } from '../../../sim/life.ts';
import { Payments } from '../../../sim/payments.ts';
import { drawPlan } from '../../../sim/plan.ts';
import { REGRESSIONS, relive } from '../regressions.ts';
import { blockScenes } from './block-scenes.ts';
import { fileScenes } from './file-scenes.ts';
import { networkScenes } from './network-scenes.ts';
import { recoveryScenes } from './recovery-scenes.ts';
import { makeWorld, type Scene } from './stage.ts';
import { storageScenes } from './storage-scenes.ts';
import { transactionScenes } from './transaction-scenes.ts';

const LIVES = 4;

async function life(): Promise<void> {
  for (let seed = 1; seed <= LIVES; seed++) {
    const plan = drawPlan(seed);
    const world = makeWorld({ ...plan, seed });
    const story = new Life(world, {
      ...plan,
      faultMs: 8_000,
      actMs: 1_500,
      safetyMs: 200_000,
      livenessMs: 400_000,
    });
    await story.run();
    if ((await story.payments.lost()).length > 0) throw new Error('an accepted payment is lost');
  }
}

async function partition(): Promise<void> {
  for (const seed of [1, 3]) {
    const world = makeWorld({ seed, nodes: 5 });
    const payments = new Payments(world);
    await world.run(30_000);
    world.network.split(
      [
        [0, 1],
        [2, 3, 4],
      ],
      true,
    );
    for (let second = 0; second < 90; second++) {
      const side = second % 2;
      const node = world.nodes[side === 0 ? 0 : 3]!;
      const from = 4 * side + 2 * ((second >> 1) % 2);
      await payments.pay(node, from, from + 1, 1_000_000);
      await world.run(1_000);
    }
    world.network.heal();
    await world.until('all agree', () => world.agrees, 300_000);
    await world.until('all is mined', () => world.agrees && world.up[0]!.reactor!.pool.size === 0, 300_000);
    if ((await payments.unmined()).length > 0) throw new Error('what was accepted on one side is not mined');
    await world.auditSame();
  }
}

/** All nodes sleep for hours: no burst of easy blocks follows. */
async function sleep(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 3 });
  await world.run(60_000);
  for (const node of world.nodes) node.crash();
  await world.run(8 * 3_600_000);
  for (const node of world.nodes) node.start();
  await world.until('they agree again', () => world.up.length === 3 && world.agrees, 60_000);
  await world.run(300_000);
}

async function crashes(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 4, diskLatencyMs: 25 });
  const payments = new Payments(world);
  await world.run(10_000);
  for (let i = 0; i < 60; i++) {
    const node = world.nodes[i % 4]!;
    await payments.pay(world.up[i % world.up.length]!, 2 * (i % 4), 1, 1_000 + i);
    await world.run(world.random.below(4_000));
    // Now and then in the middle of a change of the tip.
    const { tip } = node.reactor!.ledger;
    const hasMore = (): boolean => node.reactor!.ledger.hasBetter || node.reactor!.ledger.tip !== tip;
    if (i % 2 === 0) await world.until('a block comes', hasMore, 600_000, 1);
    if (i % 2 === 0) await world.run(world.random.below(60));
    node.crash();
    await world.run(world.random.below(3_000));
    node.start();
    await world.until('it is up', () => node.reactor !== null, 60_000);
  }
  await world.until('all agree', () => world.up.length === 4 && world.agrees, 300_000);
  await world.auditSame();
}

/** What a node has followed is there after a power cut. */
async function powerCut(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 1 });
  const [node] = world.nodes;
  for (let i = 0; i < 30; i++) {
    await world.run(20_000);
    const { height } = node!.reactor!.ledger.tip;
    node!.cutPower();
    node!.start();
    await world.until('it is up', () => node!.reactor !== null, 10_000);
    if (node!.reactor!.ledger.tip.height < height) throw new Error(`a power cut took block ${height} back`);
  }
}

/** What a user was told is accepted is there after a crash, or a power cut, in that very moment. */
async function acknowledged(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 1, miners: 0, diskLatencyMs: 20 });
  const [node] = world.nodes;
  await world.run(1_000);
  for (let i = 0; i < 20; i++) {
    const { answer } = await world.pay(node!, 0, 1, 1_000 + i);
    if (answer === undefined || 'error' in answer) throw new Error('a good payment is refused');
    if (i % 2 === 0) node!.crash();
    else node!.cutPower();
    node!.start();
    await world.until('it is up', () => node!.reactor !== null && node!.atRest, 10_000);
    if (node!.reactor!.pool.size !== i + 1) throw new Error('an acknowledged payment is lost in a crash');
  }
}

/** A link that carries nothing for minutes is given up in time. */
async function stalledLink(): Promise<void> {
  const world = makeWorld({ seed: 1, nodes: 2 });
  await world.run(40_000);
  world.network.split([[0], [1]], false);
  await world.run(200_000);
  world.network.heal();
  await world.until('they agree again', () => world.agrees, 120_000);
}

/** Worlds that found bugs before. */
async function regressions(): Promise<void> {
  for (const regression of REGRESSIONS) await relive(regression, makeWorld);
}

export const SCENES: Readonly<Record<string, Scene>> = {
  life,
  partition,
  sleep,
  crashes,
  'power cut': powerCut,
  acknowledged,
  regressions,
  'stalled link': stalledLink,
  ...blockScenes,
  ...transactionScenes,
  ...recoveryScenes,
  ...storageScenes,
  ...networkScenes,
  ...fileScenes,
};
