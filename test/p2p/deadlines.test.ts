/**
 * Random runs of a few nodes: whatever goes on, nothing is due before the machine says so. A deadline that is asked for
 * too late, or not at all, is a timer that never fires.
 */
import { expect, test } from 'vitest';
import { RuleError } from '../../chain/errors.ts';
import { makeBlock, transactions } from './chain-maker.ts';
import { draws, type TestNode } from './test-node.ts';
import { World } from './world.ts';

test.each([1, 2, 3])('nothing is due before its deadline, run %i', (seed) => {
  const random = draws(seed);
  const below = (n: number): number => random() % n;
  const world = new World();
  const judge = () => (below(8) === 0 ? new RuleError('OVERSPEND') : null);
  const nodes = Array.from({ length: 4 }, (_, i) => world.add(i + 1, { judge }));
  let serial = 0;
  let lossy = 0;
  world.loses = () => below(100) < lossy;
  const pick = (): TestNode => nodes[below(nodes.length)]!;
  const acts: (() => void)[] = [
    () => world.connect(pick(), pick()),
    () => world.cut(pick(), pick()),
    () => {
      serial += 50;
      pick().submit(transactions(serial, 1 + below(50)));
    },
    () => {
      const node = pick();
      node.mine(
        makeBlock(node.chain.tip, { salt: ++serial, transactions: [...node.pool.values()].slice(0, 20) }),
      );
    },
    () => {
      lossy = [0, 0, 20, 100][below(4)]!;
    },
    () => {
      const node = pick();
      node.answersChecks = !node.answersChecks;
      const keys = node
        .effectsOf('checkTransactions')
        .slice(-3)
        .flatMap((effect) => effect.transactions.map(({ key }) => key));
      node.input({ type: 'transactionsUnchecked', keys });
    },
  ];
  for (let step = 0; step < 250; step++) {
    acts[below(acts.length)]!();
    world.run();
    // To the last moment before something is due, where there is nothing to do, and on to it.
    for (let waits = below(4); waits > 0; waits--) {
      const due = Math.min(...nodes.map(({ machine }) => machine.deadline() ?? world.nowMs + 100_000));
      if (due - 1 > world.nowMs) {
        world.advance(due - 1 - world.nowMs);
        for (const node of nodes) expect([step, node.input({ type: 'wake' })]).toEqual([step, []]);
      }
      world.advance(Math.max(1, Math.min(due, world.nowMs + 200_000) - world.nowMs));
    }
  }
});
