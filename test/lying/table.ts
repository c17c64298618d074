/** Owns the table at which clients and nodes of a test sit: one drawn chain, a real ledger that has it, nodes in memory. */
import { expect } from 'vitest';
import type { HeaderContext } from '../../chain/consensus/header-rules.ts';
import { Session } from '../../wallet/checked/session.ts';
import { RpcClient } from '../../wallet/client.ts';
import { startChain, type VerifiedChain } from '../../wallet/headers/verified-chain.ts';
import { drop, give, put, recordFor, transfer } from '../chain/actors.ts';
import { Play } from '../chain/ledger/play.ts';
import { Random } from '../chain/random.ts';
import { PARAMS, viewOf } from './ledger-view.ts';
import { genesisContext } from './long-chain.ts';
import { fetchFrom, type Lie, LyingNode } from './lying-node.ts';

export const LIAR = 'http://liar.example/';
export const HONEST = 'http://honest.example/';
export const OTHER = 'http://other.example/';
export const NOTES = recordFor('alice', 'notes');

/** Time passes as soon as somebody waits for it. */
const timer = {
  after(_ms: number, callback: () => void) {
    queueMicrotask(callback);
    return () => {};
  },
};
const draws = new Random(7);
const world = {
  random: (length: number) => Uint8Array.from({ length }, () => draws.below(256)),
};

/** A ledger of `blocks` blocks, in some of which something happens. */
export async function playLedger(blocks = 12): Promise<Play> {
  const play = await Play.start(PARAMS);
  const happen = [
    [transfer('alice', 'dave', 5_000_000)],
    [put('alice', 'notes', 'hello'), put('carol', 'gone', 'soon')],
    [transfer('bob', 'carol', 7), transfer('alice', 'bob', 1)],
    [give('alice', NOTES, 'bob'), drop('carol', recordFor('carol', 'gone'))],
    [transfer('dave', 'alice', 1_000)],
  ];
  for (let i = 0; i < blocks; i++) {
    play.chain.block(`b${i + 1}`, { transactions: happen[i] ?? [] });
    const code = await play.block(`b${i + 1}`);
    if (code !== null) throw new Error(`block ${i + 1}: ${code}`);
  }
  return play;
}

export class Table {
  readonly play: Play;
  readonly genesis: HeaderContext;
  readonly nodes: Record<string, LyingNode>;
  chain: VerifiedChain;

  private constructor(play: Play, genesis: HeaderContext) {
    this.play = play;
    this.genesis = genesis;
    this.nodes = { [LIAR]: this.seat(), [HONEST]: this.seat(), [OTHER]: this.seat() };
    this.chain = startChain({ params: PARAMS, genesis });
  }

  static async lay(blocks?: number): Promise<Table> {
    return new Table(await playLedger(blocks), await genesisContext(PARAMS));
  }

  /** One more node of this ledger, or of another. */
  seat(play = this.play, lie?: Lie): LyingNode {
    return new LyingNode(viewOf(play.real.ledger), lie);
  }

  open(urls: readonly string[], witnesses: readonly string[] = [], wallMs = 4e12): Promise<Session> {
    const rpc = new RpcClient({
      nodes: urls,
      fetch: fetchFrom(this.nodes),
      timer: { after: () => () => {} },
    });
    const surroundings = { ...world, wallMs: () => wallMs };
    return Session.open({ rpc, chain: this.chain, world: surroundings, timer, witnesses });
  }

  /** What is found out about the first node when it lies so, while two honest ones are known too. */
  async caught(lie: Lie, read: (session: Session) => Promise<unknown>): Promise<string> {
    const truth = await read(await this.open([HONEST, OTHER]));
    this.nodes[LIAR]!.lie = lie;
    try {
      const session = await this.open([LIAR, HONEST, OTHER]);
      expect(await read(session)).toEqual(truth);
      expect(liarsOf(session)).toEqual([LIAR]);
      return session.objections[0]!.reason;
    } finally {
      this.nodes[LIAR]!.lie = () => undefined;
    }
  }
}

/** URLs of the nodes that were caught lying, in order. */
export function liarsOf({ objections }: Session): string[] {
  return objections.filter(({ kind }) => kind === 'lie').map(({ node }) => node);
}
