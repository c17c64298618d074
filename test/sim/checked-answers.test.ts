/**
 * A client in a world of splits, crashes and reorganisations asks nodes of which one lies about every state: no false
 * balance gets through, and no honest node is ever called a liar.
 */
import { expect, test } from 'vitest';
import { contextOf } from '../../chain/consensus/header-rules.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { headerId } from '../../chain/format/header.ts';
import { makeGenesis } from '../../chain/ledger/genesis.ts';
import type { SimNode } from '../../sim/node.ts';
import { Session } from '../../wallet/checked/session.ts';
import { checkedAccount } from '../../wallet/checked/state-answers.ts';
import { RpcClient } from '../../wallet/client.ts';
import { WalletError } from '../../wallet/errors.ts';
import { startChain, type VerifiedChain } from '../../wallet/headers/verified-chain.ts';
import { viewOf } from '../lying/ledger-view.ts';
import { fetchFrom, LyingNode } from '../lying/lying-node.ts';
import { seeds, testWorld } from './replay.ts';

const NAME = 'lies in a restless world';
const urlOf = (node: SimNode): string => `http://node-${node.config.index}.example/`;

test.each(seeds(1, 2, 3))(`${NAME}, seed %i`, { timeout: 60_000 }, async (seed) => {
  const world = testWorld('checked-answers', NAME, { seed, nodes: 5, diskLatencyMs: 2 });
  const { header } = await makeGenesis(world.params);
  const ledger = { params: world.params, genesis: contextOf(null, header, headerId(header)) };
  const liar = urlOf(world.nodes[0]!);
  const random = world.random.fork('client');
  let chain: VerifiedChain = startChain(ledger);
  let answered = 0;
  let lies = 0;
  let highest = 0;
  for (let round = 0; round < 120; round++) {
    if (round === 30)
      world.network.split(
        [
          [0, 1],
          [2, 3, 4],
        ],
        true,
      );
    if (round === 55) world.network.heal();
    if (round === 70) world.nodes[3]!.crash();
    if (round === 80) world.nodes[3]!.start();
    await world.run(2_000);
    if (world.up.length > 0) await world.pay(world.up[round % world.up.length]!, 0, 1, 1 + round);
    const up = [...world.up].sort(() => random.below(3) - 1);
    const nodes = Object.fromEntries(
      up.map((node) => {
        const lie = (method: string, result: unknown) =>
          method === 'proveState' && result !== undefined
            ? { entries: [{ entry: null, path: '000001' }] }
            : undefined;
        return [
          urlOf(node),
          new LyingNode(viewOf(node.reactor!.ledger), urlOf(node) === liar ? lie : undefined),
        ];
      }),
    );
    const rpc = new RpcClient({
      nodes: Object.keys(nodes),
      fetch: fetchFrom(nodes),
      timer: { after: () => () => {} },
    });
    const client = {
      wallMs: () => world.params.time + world.now + 2_000,
      random: (length: number) => Uint8Array.from({ length }, () => random.below(256)),
    };
    const timer = {
      after(ms: number, callback: () => void) {
        world.after(ms, callback);
        return () => {};
      },
    };
    const ask = async () => {
      const session = await Session.open({ rpc, chain, world: client, timer });
      return { session, account: await checkedAccount(session, world.users.address(0)) };
    };
    const outcome = await world.finish(
      ask().catch((error: unknown) => {
        if (error instanceof WalletError) return null;
        throw error;
      }),
      () => true,
    );
    if (outcome == null) continue;
    const { session, account } = outcome;
    answered++;
    for (const { node, kind } of session.objections) if (kind === 'lie') expect(node).toBe(liar);
    lies += session.objections.filter(({ kind }) => kind === 'lie').length;
    expect(account).not.toBeNull();
    chain = session.chain;
    highest = Math.max(highest, session.agreement.header.header.height);
    const agreed = toHex(session.agreement.header.id);
    expect(up.some((node) => node.reactor?.ledger.headers.get(agreed) !== undefined)).toBe(true);
  }
  expect(answered).toBeGreaterThan(100);
  expect(lies).toBeGreaterThan(10);
  expect(highest).toBeGreaterThan(5);
});
