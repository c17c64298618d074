/** Measures a client that keeps no blocks: its first start against 100,000 headers over HTTP, and the next one. */
import { randomBytes } from 'node:crypto';
import { httpFetch } from '../../cli/http-fetch.ts';
import { RpcClient } from '../../wallet/client.ts';
import { decodeChain, encodeChain } from '../../wallet/headers/chain-file.ts';
import { followNode } from '../../wallet/headers/follow.ts';
import { HeaderSource } from '../../wallet/headers/header-source.ts';
import { endOfBranch, followBranch, startChain } from '../../wallet/headers/verified-chain.ts';
import { PARAMS } from '../lying/ledger-view.ts';
import { makeLongChain, viewOfHeaders } from '../lying/long-chain.ts';
import { LyingNode } from '../lying/lying-node.ts';
import type { Measure } from './figure.ts';

const HEADERS = 100_000;
const RUNS = 5;
const timer = {
  after(ms: number, callback: () => void) {
    const handle = setTimeout(callback, ms);
    return () => clearTimeout(handle);
  },
};
const world = { wallMs: () => 4e12, random: (length: number) => new Uint8Array(randomBytes(length)) };

const measureLightClient: Measure = async () => {
  const headers = await makeLongChain({ params: PARAMS, count: HEADERS });
  const node = new LyingNode(viewOfHeaders(PARAMS, headers));
  const url = await node.listen();
  const first: number[] = [];
  const wire: number[] = [];
  const next: number[] = [];
  const nextWire: number[] = [];
  try {
    for (let run = 0; run < RUNS; run++) {
      const rpc = new RpcClient({ nodes: [url], fetch: httpFetch, timer });
      const source = new HeaderSource(rpc, url);
      const fresh = startChain({ params: PARAMS, genesis: headers[0]! });
      node.sent = 0;
      let start = performance.now();
      const branch = await followNode(source, fresh, world);
      first.push(performance.now() - start);
      wire.push(node.sent / 1e6);
      if (endOfBranch(branch).header.height !== HEADERS) throw new Error('it did not reach the end');
      // As if it had run a hundred blocks ago.
      const kept = encodeChain(followBranch(fresh, branch, branch.contexts.at(-101)!));
      node.sent = 0;
      start = performance.now();
      const read = decodeChain(kept, PARAMS, headers[0]!.id);
      if (read === null) throw new Error('what was kept was refused');
      await followNode(source, read, world);
      next.push(performance.now() - start);
      nextWire.push(node.sent / 1e6);
    }
  } finally {
    await node.stop();
  }
  return [
    { name: 'first start against 100,000 headers', unit: 'ms', samples: first, goal: { atMost: 5_000 } },
    { name: 'answers of that, as sent', unit: 'MB', samples: wire, goal: { atMost: 3 } },
    { name: 'next start, 100 blocks later', unit: 'ms', samples: next, goal: { atMost: 500 } },
    { name: 'answers of that, as sent', unit: 'MB', samples: nextWire },
  ];
};

export default measureLightClient;
