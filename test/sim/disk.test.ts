/** Disks that lose power, are damaged or full. */
import { expect, test } from 'vitest';
import { META, stateRow } from '../../chain/ledger/store-keys.ts';
import { accountRef } from '../../chain/state/entries.ts';
import { Disk } from '../../sim/disk.ts';
import { Random } from '../../sim/random.ts';
import { Schedule } from '../../sim/schedule.ts';
import { testWorld } from './replay.ts';

const FILE = 'disk';

test('damage found while what was acknowledged is taken back leads to a rebuild, and nothing is lost', async () => {
  const world = testWorld(FILE, 'damage found', { seed: 20, nodes: 1, miners: 0 });
  const [node] = world.nodes;
  await world.run(1_000);
  const { transaction } = await world.pay(node!, 0, 1, 1_000);
  node!.crash();
  node!.disk.damage(stateRow(accountRef(world.users.address(0)).key));
  node!.start();
  await world.until('it is up', () => node!.atRest && node!.reactor!.pool.has(transaction.key), 10_000);
  expect(world.watch.count('rebuilt')).toBe(1);
});

test('a power cut takes back no block that was followed, and nothing that was acknowledged', async () => {
  const world = testWorld(FILE, 'a power cut', { seed: 1, nodes: 1 });
  const [node] = world.nodes;
  for (let i = 0; i < 20; i++) {
    await world.run(5_000);
    await world.pay(node!, 0, 1, 1_000 + i);
    const { tip } = node!.reactor!.ledger;
    const waiting = node!.reactor!.pool.size;
    node!.cutPower();
    expect(node!.disk.lost.size).toBe(0);
    node!.start();
    await world.until('it is up', () => node!.atRest, 10_000);
    const { ledger, pool } = node!.reactor!;
    expect(ledger.activeAt(tip.height)?.key).toBe(tip.key);
    // No time has passed for another block.
    if (ledger.tip.height === tip.height) expect(pool.size).toBe(waiting);
  }
});

/** Which of three batches a power cut leaves, each once, of many cuts. `syncs` says which of them are synced. */
function survivors(syncs: readonly boolean[]): string[] {
  const found = new Set<string>();
  for (let seed = 0; seed < 4_000; seed++) {
    const disk = new Disk(new Schedule(), new Random(seed), 0);
    for (const [i, sync] of syncs.entries()) disk.write([[Uint8Array.of(i), Uint8Array.of(i)]], sync);
    disk.cutPower();
    const rows = disk.content.read(syncs.map((_, i) => Uint8Array.of(i)));
    found.add(rows.map((row) => (row === undefined ? '-' : '+')).join(''));
  }
  return [...found].sort();
}

test('a power cut leaves any of what was not synced', () => {
  expect(survivors([false, false, false])).toEqual(['+++', '++-', '+-+', '+--', '-++', '-+-', '--+', '---']);
});

test('what was synced stays; what came before it may go, if the log was changed in between', () => {
  expect(survivors([true, true, true])).toEqual(['+++']);
  expect(survivors([false, true, false])).toEqual(['+++', '++-', '-++', '-+-']);
});

test('a row is as the last of those batches that a cut leaves wrote it', () => {
  const [key, deleted, rewritten] = [Uint8Array.of(7), Uint8Array.of(8), Uint8Array.of(9)];
  const seen = new Set<number | undefined>();
  for (let seed = 0; seed < 50; seed++) {
    const disk = new Disk(new Schedule(), new Random(seed), 0);
    disk.write([[key, Uint8Array.of(1)]], true);
    for (const [mark, value] of [
      [deleted, null],
      [rewritten, Uint8Array.of(2)],
    ] as const)
      disk.write(
        [
          [mark, mark],
          [key, value],
        ],
        false,
      );
    disk.cutPower();
    const [row, hasDelete, hasRewrite] = disk.content.read([key, deleted, rewritten]);
    const wanted = hasRewrite !== undefined ? 2 : hasDelete !== undefined ? undefined : 1;
    expect(row?.[0]).toBe(wanted);
    seen.add(wanted);
  }
  expect(seen).toEqual(new Set([1, undefined, 2]));
});

test('a full disk ends a node, which goes on from there when there is room', async () => {
  const world = testWorld(FILE, 'a full disk', { seed: 1, nodes: 2 });
  await world.run(60_000);
  const [node] = world.nodes;
  node!.disk.full = true;
  await world.until('it has ended', () => !node!.isUp, 120_000);
  const [tip] = await node!.disk.content.getMany([META.tip]);
  node!.disk.full = false;
  node!.start();
  await world.until('it agrees again', () => world.up.length === 2 && world.agrees, 120_000);
  expect(node!.reactor!.ledger.headers.get(Buffer.from(tip!).toString('hex'))).toBeDefined();
  expect(world.watch.count('rebuilt')).toBe(0);
  await world.auditSame();
});
