/** Which branches can't win any more: the right ones, and at a cost that doesn't grow with the square of their length. */
import { expect, test } from 'vitest';
import type { HeaderNode, HeaderTree } from '../../../chain/consensus/header-tree.ts';
import { ForkChoice } from '../../../chain/ledger/fork-choice.ts';

let looks = 0;

function makeNode(parent: HeaderNode | null, work: number): HeaderNode {
  const children: HeaderNode[] = [];
  const node = {
    parent,
    work: BigInt(work),
    invalid: false,
    completed: 0,
    get children() {
      looks++;
      return children;
    },
  } as unknown as HeaderNode;
  parent?.children.push(node);
  return node;
}

/** So many blocks on top of another, each with more work. */
function makeBranch(from: HeaderNode, count: number): HeaderNode[] {
  const nodes: HeaderNode[] = [];
  for (let i = 0; i < count; i++) nodes.push(makeNode(nodes.at(-1) ?? from, Number(from.work) + i + 1));
  return nodes;
}

const choiceOf = (genesis: HeaderNode) => new ForkChoice({ genesis } as HeaderTree);

test('branches that lead to no more work are lost, whatever grows beside them', () => {
  const genesis = makeNode(null, 1);
  const trunk = makeBranch(genesis, 5);
  const short = makeBranch(trunk[1]!, 2);
  const invalid = makeBranch(trunk[0]!, 9);
  for (const node of invalid.slice(3)) node.invalid = true;
  const long = makeBranch(trunk[2]!, 8);
  const all = [...trunk, ...short, ...invalid, ...long];
  const lost = [...trunk.slice(3), ...short, ...invalid];
  for (const nodes of [all, all.toReversed()]) {
    const found = new Set(choiceOf(genesis).lost(nodes, 9n));
    for (const node of lost) expect(found.has(node), `${node.work}`).toBe(true);
    for (const node of [...trunk.slice(0, 3), ...long]) expect(found.has(node), `${node.work}`).toBe(false);
  }
});

test.each([100_000, 0])('a long branch whose bodies wait is looked at once, above %d work', (enough) => {
  const genesis = makeNode(null, 1);
  const nodes = makeBranch(genesis, 1_000);
  const choice = choiceOf(genesis);
  for (const order of [nodes, nodes.toReversed()]) {
    looks = 0;
    choice.lost(order, enough === 0 ? 1_000n : BigInt(enough));
    expect(looks).toBeLessThan(4 * nodes.length);
  }
});
