import { describe, expect, test } from 'vitest';
import * as limits from '../../p2p/limits.ts';
import { makeChain, transaction } from './chain-maker.ts';
import type { TestNode } from './test-node.ts';
import { World } from './world.ts';

const BLOCKS = 60;

/** Nodes linked to the first, all with the same chain. */
function linked(count: number): { world: World; node: TestNode; others: TestNode[] } {
  const world = new World();
  const [node, ...others] = Array.from({ length: count }, (_, i) => world.add(i + 1)) as [
    TestNode,
    ...TestNode[],
  ];
  const blocks = makeChain(node.headers.genesis, BLOCKS);
  for (const each of [node, ...others]) each.give(blocks);
  for (const other of others) world.connect(node, other);
  return { world, node, others };
}

const lose = (node: TestNode, ...heights: number[]): void => {
  for (const height of heights) node.lost.add(node.headers.ancestor(node.chain.tip, height));
  node.input({ type: 'wake' });
};

describe('bodies that the disk has lost', () => {
  test('are fetched again, some at a time, and nothing else is', () => {
    const { world, node } = linked(2);
    const heights = Array.from({ length: 40 }, (_, i) => i + 5);
    lose(node, ...heights);
    world.advance(1_000);
    expect(node.lost.size).toBe(0);
    const accepted = node.effectsOf('acceptBlock').map((effect) => effect.node.height);
    expect(accepted.sort((a, b) => a - b)).toEqual(heights);
    expect(node.closes).toEqual([]);
  });

  test('are asked of another peer if the first has lost them too, and later again', () => {
    const { world, node, others } = linked(3);
    for (const other of others) other.bodies.clear();
    lose(node, 7, 8);
    world.advance(1_000);
    expect(node.lost.size).toBe(2);
    expect(others.map((other) => world.count('getBodies', node, other))).toEqual([1, 1]);
    world.advance(limits.LOST_PAUSE_MS - 2_000);
    expect(others.map((other) => world.count('getBodies', node, other))).toEqual([1, 1]);
    for (const other of others) for (const [key, body] of node.bodies) other.bodies.set(key, body);
    world.advance(4_000);
    expect([node.lost.size, node.closes]).toEqual([0, []]);
  });

  test('that a peer makes up close its link, and are asked of another', () => {
    const { world, node, others } = linked(3);
    others[0]!.bodies.set(node.headers.ancestor(node.chain.tip, 7).key, [transaction(1)]);
    lose(node, 7);
    world.advance(2_000);
    expect([node.lost.size, node.closes]).toEqual([0, [expect.stringContaining('MUTATED_BODY')]]);
  });

  test('one that nobody has does not hold up the others', () => {
    const { world, node, others } = linked(2);
    const heights = Array.from({ length: 2 * limits.BODIES_MAX + 3 }, (_, i) => i + 1);
    for (const height of heights.slice(0, limits.BODIES_MAX))
      others[0]!.bodies.delete(node.headers.ancestor(node.chain.tip, height).key);
    lose(node, ...heights);
    world.advance(4 * limits.LOST_PAUSE_MS);
    expect([...node.lost].map(({ height }) => height)).toEqual(heights.slice(0, limits.BODIES_MAX));
  });

  test('are asked of another once the first is late or gone', () => {
    const { world, node, others } = linked(3);
    for (const other of others) other.answersReads = false;
    lose(node, 9);
    world.advance(limits.BODY_TIMEOUT_MS + 1_000);
    expect(others.map((other) => world.count('getBodies', node, other))).toEqual([1, 1]);
    expect(node.lost.size).toBe(1);
    expect(node.closes).toEqual([]);
  });
});
