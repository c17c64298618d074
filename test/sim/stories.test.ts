/** Stories that real nodes tell: the reactor in simulated worlds, split, healed and restarted. */
import { expect, test } from 'vitest';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { TipStory, TransactionStory } from '../../node/rpc/view.ts';
import { whyTip, whyTransaction } from '../../node/why.ts';
import type { SimNode } from '../../sim/node.ts';
import type { World } from '../../sim/world.ts';
import { seeds, testWorld } from './replay.ts';

const FILE = 'stories';
const SIDES = [
  [0, 1],
  [2, 3, 4],
];

async function story(node: SimNode, { id }: Transaction): Promise<TransactionStory> {
  return (await whyTransaction(node.reactor!, id)).value;
}

const steps = ({ causes }: TransactionStory): string[] => causes.map(({ what }) => what);

/** The last step, which must be of that kind. */
function last<W extends string>(told: TransactionStory, what: W) {
  const cause = told.causes.at(-1)!;
  if (cause.what !== what) throw new Error(`the last step is ${cause.what}`);
  return cause as Extract<TransactionStory['causes'][number], { what: W }>;
}

interface Healed {
  readonly world: World;
  readonly left: Transaction;
  readonly right: Transaction;
  /** A node of the side that lost, and one of the side that won. */
  readonly loser: SimNode;
  readonly winner: SimNode;
  readonly lostTip: string;
}

/** Splits a world; user 0 pays on the left and user `right` on the right; both sides mine it, and are joined again. */
async function splitAndHeal(seed: number, right: number): Promise<Healed> {
  const world = testWorld(FILE, 'seed', { seed, nodes: 5 });
  const [leftNode, rightNode] = [world.nodes[0]!, world.nodes[4]!];
  await world.run(30_000);
  world.network.split(SIDES, true);
  const sent = {
    left: (await world.pay(leftNode, 0, 2, 1_000)).transaction,
    right: (await world.pay(rightNode, right, 4, 2_000)).transaction,
  };
  const tips = () => [leftNode, rightNode].map(({ reactor }) => reactor!.ledger.tip);
  const forked = world.up[0]!.reactor!.ledger.tip.height;
  await world.until(
    'both sides grow',
    () => {
      const [a, b] = tips();
      return (
        a!.work !== b!.work &&
        Math.min(a!.height, b!.height) > forked + 2 &&
        world.nodes.every((n) => n.reactor!.pool.size === 0)
      );
    },
    600_000,
  );
  let lost: { node: SimNode; tip: string } | null = null;
  for (const [node, { key }] of [
    [leftNode, sent.left],
    [rightNode, sent.right],
  ] as const) {
    node.reactor!.listen((event) => {
      if (event.type !== 'tip') return;
      const displaced = event.change.disconnected.flatMap(({ transactions }) => transactions);
      if (displaced.some((each) => each.key === key)) lost = { node, tip: event.change.from.key };
    });
  }
  world.network.heal();
  await world.until('all agree', () => lost !== null && world.agrees, 300_000);
  await world.until('all is mined', () => world.agrees && world.nodes[0]!.reactor!.pool.size === 0, 300_000);
  const { node: loser, tip: lostTip } = lost! as { node: SimNode; tip: string };
  return { world, ...sent, loser, winner: loser === leftNode ? rightNode : leftNode, lostTip };
}

test.each(seeds(1, 2, 3))(
  'a transfer that a reorganisation displaced: seen, mined, orphaned, back, mined again, seed %i',
  async (seed) => {
    const { left, right, loser, winner, lostTip } = await splitAndHeal(seed, 2);
    const displaced = loser.index === 0 ? left : right;
    const told = await story(loser, displaced);
    expect(told.status).toBe('mined');
    expect(steps(told)).toEqual(['pending', 'mined', 'orphaned', 'pending', 'mined']);
    const [seen, mined, orphaned, back, again] = told.causes;
    expect([seen, back]).toMatchObject([
      { way: 'new', from: { kind: 'user' } },
      { way: 'displaced', from: null },
    ]);
    if (mined!.what !== 'mined' || orphaned!.what !== 'orphaned' || again!.what !== 'mined')
      throw new Error();
    expect(orphaned!.block).toEqual(mined!.block);
    expect(again!.block.id).toBe(told.mined!.block.key);
    expect(loser.reactor!.ledger.activeAt(again!.block.height)!.key).toBe(again!.block.id);
    expect(again!.block.height).toBeGreaterThan(mined!.block.height);
    const { reorg } = orphaned!;
    expect(reorg.from).toBe(lostTip);
    expect(reorg.forkHeight).toBeLessThan(mined!.block.height);
    expect(BigInt(reorg.wonWork)).toBeGreaterThan(BigInt(reorg.lostWork));
    const times = told.causes.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));

    // Who was on the side that won has another story of the very same transfer: it came from a peer.
    const other = await story(winner, displaced);
    expect(steps(other)).toEqual(['pending', 'mined']);
    const from = other.causes[0]!.what === 'pending' ? other.causes[0]!.from : null;
    expect(from).toMatchObject({ kind: 'peer', node: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(last(other, 'mined').block).toEqual(again!.block);
  },
);

test.each(seeds(1, 2, 3))(
  'why the tip is the tip: the rival that lost, and what became of what it displaced, seed %i',
  async (seed) => {
    const { left, right, loser, lostTip } = await splitAndHeal(seed, 2);
    const displaced = loser.index === 0 ? left : right;
    const reactor = loser.reactor!;
    const told: TipStory = await whyTip(reactor);
    expect(told.tip).toBe(reactor.ledger.tip);
    expect(told.arrival).not.toBe(null);
    const rival = told.rivals.find(({ node }) => node.key === lostTip)!;
    expect(rival).toMatchObject({ status: 'valid', reason: null });
    expect(rival.arrival).not.toBe(null);
    const { reorg, transactions, count } = told.displacement!;
    expect(reorg).toMatchObject({ from: lostTip, forkHeight: rival.forkHeight });
    expect(reorg.depth).toBe(rival.node.height - rival.forkHeight);
    expect(count).toBe(transactions.length);
    const height = (await story(loser, displaced)).mined!.block.height;
    expect(transactions).toContainEqual({ id: displaced.key, status: 'mined', height, reason: null });
  },
);

test.each(seeds(1, 2, 3))(
  'two transactions of one nonce, one on each side: the displaced one names what took its place, seed %i',
  async (seed) => {
    const { left, right, loser, winner } = await splitAndHeal(seed, 0);
    expect(left.nonce).toBe(right.nonce);
    const [lost, won] = loser.index === 0 ? [left, right] : [right, left];
    const told = await story(loser, lost);
    expect([told.status, ...steps(told)]).toEqual(['dropped', 'pending', 'mined', 'orphaned', 'dropped']);
    expect(last(told, 'dropped')).toMatchObject({ by: won.key, reason: { code: 'NONCE_USED' } });
    expect((await story(winner, won)).status).toBe('mined');
    const { displacement } = await whyTip(loser.reactor!);
    expect(displacement!.transactions).toContainEqual({
      id: lost.key,
      status: 'dropped',
      height: null,
      reason: expect.objectContaining({ code: 'NONCE_USED' }),
    });
  },
);

test.each(seeds(1, 2))(
  'a restart forgets no story, and a transaction nobody saw is unknown, seed %i',
  async (seed) => {
    const { world, left, right, loser } = await splitAndHeal(seed, 2);
    const displaced = loser.index === 0 ? left : right;
    const before = await story(loser, displaced);
    const tipBefore = await whyTip(loser.reactor!);
    const { transaction: waits } = await world.pay(loser, 4, 2, 7);
    loser.crash();
    loser.start();
    await world.until('it is up', () => loser.reactor !== null && loser.atRest, 60_000);
    const after = await story(loser, displaced);
    expect(after.causes).toEqual(before.causes);
    expect(after.since).toBeLessThan(before.causes[0]!.at + 1);
    expect((await whyTip(loser.reactor!)).displacement!.reorg).toEqual(tipBefore.displacement!.reorg);
    await world.until('it is mined', () => loser.atRest && loser.reactor!.pool.size === 0, 300_000);
    const told = await story(loser, waits);
    expect(told.causes[0]).toMatchObject({ what: 'pending', way: 'new', from: { kind: 'user' } });
    expect(last(told, 'mined').block.id).toBe(told.mined!.block.key);
    const nobodys = { ...waits, id: new Uint8Array(32) };
    expect(await story(loser, nobodys)).toMatchObject({ status: 'unknown', causes: [], left: 0 });
  },
);

test('what waits says for what; what is replaced says by what; what is refused says why', async () => {
  const world = testWorld(FILE, 'what waits', { seed: 1, nodes: 2, miners: 0 });
  const [near, far] = [world.nodes[0]!, world.nodes[1]!];
  await world.run(10_000);
  const { chainId } = near.reactor!.ledger;
  const sign = (nonce: number, feePerByte: number) =>
    world.users.sign(0, { chainId, nonce, feePerByte, body: world.users.transfer(2, 1_000) });
  const [first, dearer, second, alone] = [sign(0, 1), sign(0, 5), sign(1, 3), sign(9, 1)];
  await world.submit(near, first);
  await world.submit(near, second);
  const behind = await story(near, second);
  expect(behind.standing).toEqual({
    earlier: 1,
    ahead: 1,
    bytesAhead: expect.any(Number),
    blocks: 0,
    rate: 1_000n,
  });
  await world.submit(near, dearer);
  const replaced = await story(near, first);
  expect([replaced.status, last(replaced, 'dropped').by]).toEqual(['dropped', dearer.key]);
  expect((await story(near, dearer)).standing).toMatchObject({ earlier: 0, ahead: 0, rate: 5_000n });
  await world.submit(near, alone);
  const refused = await story(near, alone);
  expect([refused.status, last(refused, 'refused').reason.code]).toEqual(['refused', 'NONCE_GAP']);
  // A peer's is set aside instead: the one before it may be on its way.
  far.reactor!.admissions.enqueue([alone], 1);
  await world.run(5_000);
  const waiting = await story(far, alone);
  expect([waiting.status, waiting.nextNonce, steps(waiting)]).toEqual(['waiting', 2, ['waiting']]);
  // What came over the link tells of whom.
  const heard = await story(far, dearer);
  expect(heard.causes[0]).toMatchObject({
    what: 'pending',
    from: { kind: 'peer', node: expect.any(String) },
  });
});
