import { expect, test } from 'vitest';
import { clip, widthOf } from '../../../cli/layout.ts';
import { drawPicture } from '../../../cli/testnet/picture.ts';
import { Scene } from '../../../cli/testnet/scene.ts';
import type { NodeReport } from '../../../cli/testnet/survey.ts';

const id = (letter: string) => letter.repeat(64);

function report(index: number, height: number, letter: string): NodeReport {
  const status = { chainId: id('0'), node: id('1'), height, tip: id(letter), stateRoot: id('2') };
  const rest = { work: '1', time: 1_000, peers: 2, mempool: 0, supply: '0', syncing: false };
  return { index, pid: index, standing: 'up', status: { ...status, ...rest } };
}

function tipEvent(height: number, letter: string, miner = 'm1') {
  const rest = { time: 1_000, miner, transactions: 0, stateRoot: id('2') };
  return { topic: 'tip' as const, height, id: id(letter), ...rest };
}

function sceneOf(count: number): { scene: Scene; told: string[] } {
  const told: string[] = [];
  const scene = new Scene(new Map([['m1', 'node 1']]), ({ text }) => told.push(text));
  for (let index = 1; index <= count; index++) scene.report(report(index, 1, 'a'), 0, 0);
  return { scene, told };
}

test('a block is told once, however many nodes tell it', () => {
  const { scene, told } = sceneOf(3);
  for (const index of [1, 2, 3]) scene.tip(index, tipEvent(2, 'b'), 10);
  expect(told).toEqual(['block 2  bbbbbbbbbb  empty, mined by node 1']);
});

test('a fork is told when two nodes differ at one height, and its end when all agree again', () => {
  const { scene, told } = sceneOf(3);
  scene.tip(1, tipEvent(2, 'b'), 10);
  // Being behind is no fork.
  expect(told).toHaveLength(1);
  scene.tip(2, tipEvent(2, 'c', 'm9'), 11);
  expect(told.at(-1)).toBe('fork at height 2: bbbbbbbbbb (node 1) and cccccccccc (node 2)');
  scene.tip(1, tipEvent(3, 'd'), 12);
  scene.tip(2, tipEvent(3, 'e'), 13);
  expect(told.filter((text) => text.startsWith('fork'))).toHaveLength(1);
  scene.reorg(2, { topic: 'reorg', from: id('e'), to: id('f'), depth: 2, connected: 3, forkHeight: 1 }, 14);
  expect(told.at(-1)).toBe('node 2 reorganised: 2 blocks undone after block 1, 3 done, now at ffffffffff');
  for (const index of [1, 2, 3]) scene.tip(index, tipEvent(4, 'f'), 15);
  expect(told.at(-1)).toBe('all nodes agree again: height 4, ffffffffff');
});

test('a node that stops answering is down until it answers again', () => {
  const { scene, told } = sceneOf(2);
  scene.report({ index: 2, pid: null, status: null, standing: 'down' }, 0, 5);
  scene.report({ index: 2, pid: null, status: null, standing: 'down' }, 0, 6);
  scene.report(report(2, 1, 'a'), 0, 7);
  expect(told).toEqual(['node 2 is down', 'node 2 is up again']);
  expect(scene.nodes.map((node) => node.up)).toEqual([true, true]);
});

test('a node that begins to lag is told once, and shown until it no longer does', () => {
  const { scene, told } = sceneOf(2);
  const picture = () =>
    drawPicture(
      { nodes: scene.nodes, events: [], dir: 'd', groups: null, nowMs: 3_000 },
      { columns: 80, rows: 24 },
    ).join('\n');
  scene.report(report(2, 1, 'a'), 3_000, 5);
  scene.report(report(2, 1, 'a'), 3_000, 6);
  scene.tip(2, tipEvent(2, 'b'), 7);
  expect(told.slice(0, 1)).toEqual(['node 2 lags 3000 ms']);
  expect(picture()).toMatch(/2 {2}up, lags 3000 ms/);
  scene.report(report(2, 2, 'b'), 0, 8);
  expect(told.filter((text) => text.includes('lags'))).toEqual([
    'node 2 lags 3000 ms',
    'node 2 lags no more',
  ]);
  expect(picture()).not.toContain('lags');
});

test('the picture fits any terminal, and shows nodes before events', () => {
  const { scene } = sceneOf(5);
  for (let height = 2; height < 60; height++)
    scene.tip(1, { ...tipEvent(height, 'x'), id: `${height}`.padStart(64, '0') }, height);
  const picture = {
    nodes: scene.nodes,
    events: scene.events,
    dir: '~/.pier/testnet',
    groups: null,
  };
  for (const [columns, rows] of [
    [80, 24],
    [40, 12],
    [20, 9],
    [200, 60],
  ] as const) {
    const lines = drawPicture({ ...picture, nowMs: 3_000 }, { columns, rows });
    expect(lines.length).toBeLessThan(rows);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
  }
  const text = drawPicture({ ...picture, nowMs: 3_000 }, { columns: 80, rows: 24 }).join('\n');
  expect(text).toContain('5 of 5 nodes up');
  expect(text).toContain('block 59');
  expect(text).toContain('pier send faucet alice 100 --wait');
});

test('a line is cut by what is seen of it', () => {
  expect(clip('\x1b[31mabcdef\x1b[39m', 3)).toBe('\x1b[31mabc\x1b[39m');
  expect(clip('abc', 3)).toBe('abc');
});
