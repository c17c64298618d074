import { expect, test } from 'vitest';
import { allowedFor, completeGroups, describeGroups } from '../../../cli/testnet/groups.ts';
import { createPlan } from '../../../cli/testnet/plan.ts';

const nodes = [1, 2, 3, 4, 5].map((index) => ({
  index,
  rpcPort: index,
  p2pPort: index + 100,
  miner: `m${index}`,
}));
const plan = { ...createPlan(300, nodes), ids: { 1: 'a', 2: 'b', 3: 'c', 4: 'd', 5: 'e' } };

test('nodes that are not named are one more group', () => {
  expect(completeGroups(plan, [[2, 1]])).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
  expect(describeGroups(completeGroups(plan, [[1], [2]]))).toBe('1 | 2 | 3,4,5');
});

test('unknown members, members named twice and a single group are refused', () => {
  expect(() => completeGroups(plan, [[1, 9]])).toThrow('no node 9');
  expect(() => completeGroups(plan, [[1, 2], [2]])).toThrow('twice');
  expect(() => completeGroups(plan, [[1, 2, 3, 4, 5]])).toThrow('one group');
});

test('a node may link to its own group only, and to everyone when there are none', () => {
  const split = { ...plan, groups: completeGroups(plan, [[1, 2]]) };
  expect(allowedFor(split, 2)).toEqual(['a', 'b']);
  expect(allowedFor(split, 4)).toEqual(['c', 'd', 'e']);
  expect(allowedFor(plan, 4)).toBeNull();
});
