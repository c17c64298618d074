/** Owns chains of many headers and no bodies, made quickly at the easiest difficulty, and the view of a node that has one. */
import {
  childDifficulty,
  contextOf,
  type HeaderContext,
  meetsTarget,
} from '../../chain/consensus/header-rules.ts';
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { historyRoot } from '../../chain/consensus/history.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { type Header, headerId } from '../../chain/format/header.ts';
import type { Params } from '../../chain/format/params.ts';
import { makeGenesis } from '../../chain/ledger/genesis.ts';
import type { NodeView } from '../../node/rpc/view.ts';
import { FakeView } from '../node/rpc/fake-view.ts';
import { GENESIS } from './ledger-view.ts';

export interface ChainWish {
  readonly params: Params;
  readonly count: number;
  /** Headers to build on; the genesis alone if left out. */
  readonly on?: readonly HeaderContext[];
  /** Whether the header at a height is to reach its target. */
  readonly works?: (height: number) => boolean;
  /** Changes a header before it is mined. */
  readonly twist?: (header: Header) => Header;
}

export async function genesisContext(params: Params): Promise<HeaderContext> {
  const { header } = await makeGenesis(params);
  return contextOf(null, header, headerId(header));
}

/** The headers from the genesis to height `count`. */
export async function makeLongChain({
  params,
  count,
  on,
  works,
  twist,
}: ChainWish): Promise<HeaderContext[]> {
  const chain = on === undefined ? [await genesisContext(params)] : [...on];
  while (chain.length <= count) {
    const parent = chain.at(-1)!;
    const time = parent.header.time + params.difficulty.targetMs;
    const { bits, elapsed } = childDifficulty(params, parent, time);
    const height = chain.length;
    const plain: Header = {
      ...parent.header,
      height,
      previous: parent.id,
      historyRoot: historyRoot(parent.history),
      time,
      elapsed,
      bits,
      nonce: 0,
    };
    const header = twist === undefined ? plain : twist(plain);
    chain.push(mine(parent, header, works === undefined || works(height)));
  }
  return chain;
}

function mine(parent: HeaderContext, header: Header, reach: boolean): HeaderContext {
  for (let nonce = 0; ; nonce++) {
    const found = { ...header, nonce };
    const id = headerId(found);
    if (meetsTarget(id, header.bits) === reach) return contextOf(parent, found, id);
  }
}

/** A node that has these headers and the state of the genesis. */
export function viewOfHeaders(params: Params, chain: readonly HeaderContext[]): NodeView {
  let below: HeaderNode | null = null;
  const nodes = chain.map((context): HeaderNode => {
    const { height } = context.header;
    const more = {
      skip: null,
      children: [],
      hasBody: true,
      place: -1,
      invalid: false,
      completed: height + 1,
    };
    below = { ...context, key: toHex(context.id), height, parent: below, ...more };
    return below;
  });
  const byId = new Map(nodes.map((node) => [node.key, node]));
  const tip = nodes.at(-1)!;
  return {
    ...new FakeView(),
    params,
    genesis: GENESIS,
    chainId: chain[0]!.id,
    tip,
    bestHeader: tip,
    isActive: () => true,
    findBlock: (at) => ('id' in at ? byId.get(toHex(at.id)) : nodes[at.height]) ?? null,
  };
}
