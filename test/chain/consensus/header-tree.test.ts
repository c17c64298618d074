import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HeaderNode, HeaderTree, LOCATOR_MAX } from '../../../chain/consensus/header-tree.ts';
import { toHex, u32 } from '../../../chain/format/bytes.ts';
import { DOMAIN, hash } from '../../../chain/format/hash.ts';
import type { Header } from '../../../chain/format/header.ts';
import { type BlockSpec, ChainBuilder } from '../builder.ts';
import { codeOf } from '../ledger/harness.ts';
import { bytesOf } from '../model/hex.ts';
import { Random } from '../random.ts';

const WALL = 1_700_000_000_000 + 1_000_000;

function newTree(): {
  chain: ChainBuilder;
  tree: HeaderTree;
  add: (name: string, wallMs?: number) => HeaderNode;
} {
  const chain = new ChainBuilder();
  const tree = new HeaderTree(chain.params, chain.get('genesis').header);
  return { chain, tree, add: (name, wallMs = WALL) => tree.add(chain.get(name).header, wallMs) };
}

describe('a header', () => {
  const zeros = new Uint8Array(32);
  const wrong: [code: string, spec: BlockSpec][] = [
    ['UNKNOWN_PARENT', { header: { previous: zeros } }],
    ['BAD_VERSION', { header: { version: 2 } }],
    ['BAD_HEIGHT', { header: { height: 3 } }],
    ['BAD_HEIGHT', { header: { height: 1 } }],
    ['BAD_BITS', { header: { bits: 0x207ffffe } }],
    ['BAD_WORK', { work: 'miss' }],
    ['BAD_ELAPSED', { header: { elapsed: 1 } }],
    ['TIME_TOO_OLD', { step: 0 }],
    ['TIME_TOO_OLD', { step: -1 }],
    ['BAD_HISTORY', { header: { historyRoot: zeros } }],
    ['TIME_TOO_NEW', { step: 1_002_000 - 1_000 + 1 }],
  ];
  test.each(wrong)('is refused for %s, %#', (code, spec) => {
    const { chain, tree, add } = newTree();
    chain.block('a1');
    add('a1');
    chain.block('a2', spec);
    expect(codeOf(() => add('a2'))).toBe(code);
    expect([tree.size, tree.best().key, tree.get(chain.get('a1').id)!.children]).toEqual([
      2,
      chain.get('a1').id,
      [],
    ]);
  });

  test('breaks the first of several rules', () => {
    const spoilt: [code: string, header: Partial<Header>][] = [
      ['TIME_TOO_NEW', { time: WALL + 2_001 }],
      ['BAD_HISTORY', { historyRoot: zeros }],
      ['BAD_ELAPSED', { elapsed: 7 }],
      ['BAD_BITS', { bits: 0x207ffffe }],
      ['BAD_HEIGHT', { height: 9 }],
      ['BAD_VERSION', { version: 9 }],
      ['UNKNOWN_PARENT', { previous: zeros }],
    ];
    let header: Partial<Header> = {};
    for (const [code, more] of spoilt) {
      header = { ...header, ...more };
      const { chain, add } = newTree();
      chain.block('a1', { header });
      expect(codeOf(() => add('a1'))).toBe(code);
    }
  });

  test('that came too early is taken later, at the very edge', () => {
    const { chain, tree, add } = newTree();
    const { time } = chain.block('a1').header;
    expect(codeOf(() => add('a1', time - 2_001))).toBe('TIME_TOO_NEW');
    expect(tree.size).toBe(1);
    expect(add('a1', time - 2_000)).toBe(tree.best());
  });

  test('is taken once: the same node comes back, whatever the clock says', () => {
    const { chain, tree, add } = newTree();
    chain.block('a1');
    const node = add('a1');
    expect(add('a1', 0)).toBe(node);
    expect([tree.size, tree.genesis.children]).toEqual([2, [node]]);
  });

  test('of equal work never replaces the best; of more work does', () => {
    const { chain, tree, add } = newTree();
    chain.blocks('a', 2);
    chain.blocks('b', 3, { on: 'genesis', miner: 'bob' });
    for (const name of ['a1', 'a2', 'b1', 'b2']) add(name);
    expect(tree.best().key).toBe(chain.get('a2').id);
    expect(add('b3')).toBe(tree.best());
    expect(tree.best().work).toBe(chain.get('b3').work);
  });
});

describe('an invalid header', () => {
  test('takes its whole branch with it, and the best goes elsewhere', () => {
    const { chain, tree, add } = newTree();
    chain.blocks('a', 4);
    chain.block('b2', { on: 'a1', miner: 'bob' });
    chain.block('c4', { on: 'a3', miner: 'carol' });
    const nodes = new Map(['a1', 'a2', 'a3', 'a4', 'b2', 'c4'].map((name) => [name, add(name)]));
    const marked = tree.invalidate(nodes.get('a2')!);
    expect(new Set(marked)).toEqual(new Set(['a2', 'a3', 'a4', 'c4'].map((name) => nodes.get(name))));
    expect([...nodes.values()].filter(({ invalid }) => invalid)).toHaveLength(4);
    expect(tree.best()).toBe(nodes.get('b2'));
    tree.invalidate(nodes.get('a1')!);
    expect(tree.best()).toBe(tree.genesis);
  });

  test('is refused again, and so are its children', () => {
    const { chain, tree, add } = newTree();
    chain.blocks('a', 2);
    const node = add('a1');
    tree.invalidate(node);
    expect(codeOf(() => add('a1'))).toBe('INVALID_PARENT');
    expect(codeOf(() => add('a2'))).toBe('INVALID_PARENT');
    expect(tree.size).toBe(2);
  });
});

test('a header put back needs its parent, and counts as before', () => {
  const { chain, tree } = newTree();
  const [first, second] = chain.blocks('a', 2);
  expect(tree.restore(second!.header, bytesOf(second!.id))).toBe(null);
  tree.restore(first!.header, bytesOf(first!.id));
  expect(tree.restore(second!.header, bytesOf(second!.id))).toBe(tree.best());
  expect(tree.best()).toMatchObject({ key: second!.id, work: second!.work, height: 2 });
});

/** A tree of made-up headers, put back as if they had been checked. `bushy`: how often a branch begins far below. */
function randomTree(seed: number, size: number, bushy: number): { tree: HeaderTree; nodes: HeaderNode[] } {
  const random = new Random(seed);
  const { chain, tree } = newTree();
  const nodes = [tree.genesis];
  for (let i = 1; i < size; i++) {
    const parent = random.chance(bushy) ? random.pick(nodes) : nodes.at(-1)!;
    const header = { ...chain.get('genesis').header, previous: parent.id, height: parent.height + 1 };
    nodes.push(tree.restore(header, hash(DOMAIN.header, u32(i)))!);
  }
  return { tree, nodes };
}

const pathOf = (node: HeaderNode): HeaderNode[] => {
  const path: HeaderNode[] = [];
  for (let at: HeaderNode | null = node; at !== null; at = at.parent) path.push(at);
  return path.reverse();
};

describe('ways through the tree', () => {
  test('are those of a naive walk, on random trees', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.constantFrom(0.01, 0.1, 0.5),
        fc.infiniteStream(fc.nat()),
        (seed, bushy, draws) => {
          const { tree, nodes } = randomTree(seed, 150, bushy);
          const draw = (below: number): number => draws.next().value! % below;
          for (let i = 0; i < 40; i++) {
            const [a, b] = [nodes[draw(nodes.length)]!, nodes[draw(nodes.length)]!];
            const [left, right] = [pathOf(a), pathOf(b)];
            const height = draw(left.length);
            expect(tree.ancestor(a, height) === left[height]).toBe(true);
            const common = left.filter((node, h) => right[h] === node).at(-1);
            expect(tree.commonAncestor(a, b) === common).toBe(true);
            expect(tree.commonAncestor(b, a) === common).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('take few steps: a tree of 20,000 headers is crossed in at most 100', () => {
    const { tree, nodes } = randomTree(1, 20_000, 0);
    // The same walk as the tree's, counted.
    const steps = (from: HeaderNode, height: number): number => {
      let count = 0;
      for (let at = from; at.height > height; count++) at = at.skip!.height >= height ? at.skip! : at.parent!;
      return count;
    };
    const random = new Random(1);
    const far: [number, number][] = [];
    for (let i = 0; i < 20_000; i++) {
      const from = nodes[random.below(nodes.length)]!;
      const height = random.below(from.height + 1);
      if (tree.ancestor(from, height) !== nodes[height] || steps(from, height) > 100)
        far.push([from.height, height]);
    }
    expect(far).toEqual([]);
  });

  test('have no ancestor above themselves', () => {
    const { tree, nodes } = randomTree(1, 5, 0);
    expect(() => tree.ancestor(nodes[3]!, 4)).toThrow('invariant');
  });
});

describe('a locator', () => {
  test('begins at the header, is dense for ten, ends with genesis, and doubles in between', () => {
    const { tree, nodes } = randomTree(1, 3_000, 0);
    const heights = tree.locator(nodes[2_999]!).map((id) => tree.get(toHex(id))!.height);
    expect(heights.slice(0, 12)).toEqual([
      2999, 2998, 2997, 2996, 2995, 2994, 2993, 2992, 2991, 2990, 2988, 2984,
    ]);
    expect(heights.at(-1)).toBe(0);
    expect(new Set(heights).size).toBe(heights.length);
    expect(heights.length).toBeLessThanOrEqual(LOCATOR_MAX);
    expect(tree.locator(tree.genesis)).toEqual([tree.genesis.id]);
  });

  test('finds what follows the last header both know, in order, no more than asked', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 200 }), fc.nat(), fc.nat(), (seed, max, a, b) => {
        const { tree, nodes } = randomTree(seed, 120, 0.1);
        const [mine, theirs] = [nodes[a % nodes.length]!, nodes[b % nodes.length]!];
        const found = tree.afterLocator(mine, tree.locator(theirs), max);
        const path = pathOf(mine);
        // They begin at a header of the locator that is ours too, and that is no later than where the branches part.
        const start = found.length === 0 ? mine.height : found[0]!.height - 1;
        const ours = tree.locator(theirs).filter((id) => path.includes(tree.get(toHex(id))!));
        expect(start).toBe(tree.get(toHex(ours[0]!))!.height);
        const expected = path.slice(start + 1, start + 1 + max);
        expect(found.map(({ key }) => key)).toEqual(expected.map(({ key }) => key));
      }),
    );
  });

  test('of strangers gives the branch from genesis', () => {
    const { tree, nodes } = randomTree(1, 10, 0);
    expect(tree.afterLocator(nodes[9]!, [new Uint8Array(32)], 3)).toEqual(nodes.slice(1, 4));
    expect(tree.afterLocator(nodes[9]!, [], 3)).toEqual(nodes.slice(1, 4));
    expect(tree.afterLocator(nodes[4]!, [nodes[9]!.id, nodes[3]!.id], 3)).toEqual([nodes[4]]);
  });
});

describe('pruning', () => {
  test('forgets old branches of bare headers, and nothing else', () => {
    const { tree, nodes } = randomTree(3, 200, 0.2);
    const tip = nodes.reduce((best, node) => (node.work > best.work ? node : best));
    const path = new Set(pathOf(tip));
    for (const node of path) node.hasBody = true;
    const depth = 5;
    const reaches = (node: HeaderNode): boolean =>
      path.has(node) ||
      node.height + depth > tip.height ||
      node.work >= tip.work ||
      node.children.some(reaches);
    const kept = nodes.filter(reaches).map(({ key }) => key);
    const gone = tree.prune(tip, depth);
    expect(gone).toBe(nodes.length - kept.length);
    expect(gone).toBeGreaterThan(20);
    expect(nodes.filter(({ key }) => tree.get(key) !== undefined).map(({ key }) => key)).toEqual(kept);
    for (const node of tree.values())
      for (const child of node.children) expect(tree.get(child.key)).toBe(child);
    expect(tree.best()).toBe(tip);
    expect(tree.prune(tip, depth)).toBe(0);
  });
});
