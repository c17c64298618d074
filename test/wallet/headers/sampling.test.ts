/** A long chain is sampled: an honest one passes, and each way of forging one is found, whatever the client draws. */
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { HeaderContext } from '../../../chain/consensus/header-rules.ts';
import { decodeSample, encodeSample } from '../../../chain/consensus/header-sample.ts';
import { nodesFromPeaks, proveHistory } from '../../../chain/consensus/history-proof.ts';
import { fromHex, toHex } from '../../../chain/format/bytes.ts';
import { RpcClient } from '../../../wallet/client.ts';
import { decodeChain, encodeChain } from '../../../wallet/headers/chain-file.ts';
import { expose, NodeLie, Unsettled } from '../../../wallet/headers/faults.ts';
import { followNode, TAIL } from '../../../wallet/headers/follow.ts';
import { HeaderSource } from '../../../wallet/headers/header-source.ts';
import { checkSample, countSamples } from '../../../wallet/headers/sampling.ts';
import {
  type Branch,
  endOfBranch,
  followBranch,
  startChain,
  type VerifiedChain,
} from '../../../wallet/headers/verified-chain.ts';
import { Random } from '../../chain/random.ts';
import { PARAMS } from '../../lying/ledger-view.ts';
import { genesisContext, makeLongChain, viewOfHeaders } from '../../lying/long-chain.ts';
import { fetchFrom, type Lie, LyingNode } from '../../lying/lying-node.ts';

const LENGTH = 4_000;
const URL = 'http://node.example/';
const timer = { after: () => () => {} };
const world = { wallMs: () => 4e12, random: (length: number) => new Uint8Array(randomBytes(length)) };

let genesis: HeaderContext;
let honest: HeaderContext[];
let fresh: VerifiedChain;
beforeAll(async () => {
  genesis = await genesisContext(PARAMS);
  honest = await makeLongChain({ params: PARAMS, count: LENGTH });
  fresh = startChain({ params: PARAMS, genesis });
});

function follow(chain: readonly HeaderContext[], from = fresh, lie?: Lie): Promise<Branch> {
  const node = new LyingNode(viewOfHeaders(PARAMS, chain), lie);
  const rpc = new RpcClient({ nodes: [URL], fetch: fetchFrom({ [URL]: node }), timer });
  return followNode(new HeaderSource(rpc, URL), from, world);
}

/** The chain as it would be kept, read again. */
function kept(chain: VerifiedChain): VerifiedChain {
  const read = decodeChain(encodeChain(chain), PARAMS, genesis.id);
  if (read === null) throw new Error('the kept chain was refused');
  return read;
}

test('an honest chain passes, with the same work and history as every header checked', async () => {
  const branch = await follow(honest);
  expect(endOfBranch(branch)).toEqual(honest.at(-1));
  expect(branch.sampledTo).toBe(LENGTH - TAIL);
});

test('what is kept goes on from where it was, in full or by samples, and through reorganisations', async () => {
  const first = await follow(honest.slice(0, 500));
  const chain = kept(followBranch(fresh, first, endOfBranch(first)));
  const second = await follow(honest.slice(0, 520), chain);
  expect(second.fork.header.height).toBe(499);
  expect(second.sampledTo).toBe(0);
  const far = await follow(honest, chain);
  expect(far.fork.header.height).toBe(499);
  expect(endOfBranch(far)).toEqual(honest.at(-1));
  const end = kept(followBranch(chain, far, endOfBranch(far)));
  for (const left of [3, 20, 200, LENGTH - 100]) {
    const twist = (header: HeaderContext['header']) => ({ ...header, miner: new Uint8Array(20).fill(left) });
    const on = honest.slice(0, LENGTH - left);
    const branch = await follow(await makeLongChain({ params: PARAMS, count: LENGTH + 5, on, twist }), end);
    expect(branch.fork.header.height, `${left} left`).toBeLessThan(LENGTH - left);
    expect(endOfBranch(branch).header.height).toBe(LENGTH + 5);
    const next = kept(followBranch(end, branch, endOfBranch(branch)));
    expect(next.checkpoints[0]!.id).toEqual(genesis.id);
    const onBranch = next.checkpoints.every(
      ({ header }) => header.height < LENGTH - left || header.miner[0] === left % 256,
    );
    expect(onBranch).toBe(true);
  }
}, 120_000);

test('a kept chain with any byte changed is begun anew', async () => {
  const branch = await follow(honest.slice(0, 100));
  const bytes = encodeChain(followBranch(fresh, branch, endOfBranch(branch)));
  for (let at = 0; at < bytes.length; at += 7) {
    const damaged = Uint8Array.from(bytes);
    damaged[at]! ^= 1 << (at % 8);
    expect(decodeChain(damaged, PARAMS, genesis.id)).toBeNull();
  }
  expect(decodeChain(bytes.slice(0, -1), PARAMS, genesis.id)).toBeNull();
  expect(decodeChain(bytes, { ...PARAMS, time: PARAMS.time + 1 }, genesis.id)).toBeNull();
});

test('a block ahead of the local clock is no lie: the clock may be wrong', async () => {
  const rpc = new RpcClient({
    nodes: [URL],
    fetch: fetchFrom({ [URL]: new LyingNode(viewOfHeaders(PARAMS, honest)) }),
    timer,
  });
  for (const behind of [1, LENGTH - 10]) {
    const clock = { ...world, wallMs: () => honest.at(-1 - behind)!.header.time - PARAMS.limits.futureMs };
    await expect(followNode(new HeaderSource(rpc, URL), fresh, clock)).rejects.toThrow(Unsettled);
  }
});

test('the number of samples follows the published formula', () => {
  const context = (height: number): HeaderContext => ({
    ...genesis,
    header: { ...genesis.header, height },
    work: BigInt(2 * height),
  });
  const count = (headers: number) => {
    const base = context(headers - 1_000);
    return countSamples({ from: context(0), base, endWork: BigInt(2 * headers) });
  };
  // δ = 1,000 / n, c = 1/2: m = 50 / -log2(1 - 1 / log2(1 / δ)).
  expect([4_000, 10_000, 100_000, 1_000_000].map(count)).toEqual([50, 97, 213, 328]);
  expect(count(2_000)).toBe(1);
});

describe('a forged chain', () => {
  const half = (height: number): boolean => height % 2 === 0;
  const forgeries: Record<string, Parameters<typeof makeLongChain>[0]> = {
    'with half of its work, all along': { params: PARAMS, count: LENGTH, works: half },
    'with half of its work, from the middle on': {
      params: PARAMS,
      count: LENGTH,
      works: (height) => height < 2_000 || half(height),
    },
    'with all of its work at the end': {
      params: PARAMS,
      count: LENGTH,
      works: (height) => height > LENGTH / 2,
    },
    'whose targets are harder than the rule says': {
      params: PARAMS,
      count: LENGTH,
      works: (height) => height > LENGTH - 1_500,
      twist: (header) => (header.height < LENGTH - 1_500 ? { ...header, bits: 0x1f00ffff } : header),
    },
    'that jumps in time': {
      params: PARAMS,
      count: LENGTH,
      twist: (header) =>
        header.height === 1_000 ? { ...header, elapsed: header.elapsed + 50_000_000 } : header,
    },
    'one of whose headers commits to another history': {
      params: PARAMS,
      count: LENGTH,
      twist: (header) => (header.height < 2_500 ? { ...header, historyRoot: new Uint8Array(32) } : header),
    },
  };
  test.each(Object.keys(forgeries))('%s', async (name) => {
    await expect(follow(await makeLongChain(forgeries[name]!))).rejects.toThrow(NodeLie);
  });

  test('that was not begun at this genesis, or leaves out what was checked before', async () => {
    const other = { ...PARAMS, salt: new Uint8Array(32) };
    await expect(follow(await makeLongChain({ params: other, count: 100 }))).rejects.toThrow(NodeLie);
    await expect(follow(await makeLongChain({ params: other, count: LENGTH }))).rejects.toThrow(NodeLie);
  });
});

describe('a node that has the chain and lies about it', () => {
  const swap = (change: (bytes: Uint8Array) => Uint8Array) => (text: string) => toHex(change(fromHex(text)));
  const lies: Record<string, Lie> = {
    'claims more work in the history': (method, result) =>
      method === 'historyPeaks'
        ? { ...result, peaks: swap((bytes) => bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1))(result.peaks) }
        : undefined,
    'sends other samples than were drawn': (method, result, params) => {
      if (method !== 'headerSamples' || params.works === undefined) return undefined;
      return { ...result, samples: result.samples.map(() => result.samples[0]) };
    },
    'sends fewer samples': (method, result) =>
      method === 'headerSamples' && result.samples.length > 1
        ? { ...result, samples: result.samples.slice(1) }
        : undefined,
    'sends parents that are none': (method, result, params) => {
      if (method !== 'headerSamples' || params.works === undefined) return undefined;
      const samples = result.samples.map(
        swap((bytes) => {
          const sample = decodeSample(bytes);
          return encodeSample({
            ...sample,
            parent: sample.parent && { ...sample.parent, time: sample.parent.time - 1 },
          });
        }),
      );
      return { ...result, samples };
    },
    'claims a longer chain': (method, result) =>
      method === 'headers' ? { ...result, tip: { ...result.tip, height: LENGTH + 1_500 } } : undefined,
    'sends headers twice': (method, result) =>
      method === 'headers' ? { ...result, headers: result.headers + result.headers } : undefined,
  };
  test.each(Object.keys(lies))('%s', async (name) => {
    await expect(follow(honest, fresh, lies[name])).rejects.toThrow(NodeLie);
  });

  test('changes a byte of any sample: 1,000 ways', () => {
    const base = honest.at(-TAIL)!;
    const node = viewOfHeaders(PARAMS, honest);
    const nodes = nodesFromPeaks(
      (height) => ({ id: honest[height]!.id, work: 2n }),
      (count) => honest[count - 1]!.history,
    );
    const random = new Random(50);
    for (let change = 0; change < 1_000; change++) {
      const height = 1 + random.below(base.header.height - 1);
      const { header, parent } = node.findBlock({ height })!;
      const place = [...proveHistory(nodes, base.header.height, height).siblings];
      const bytes = encodeSample({ header, parent: parent!.header, place });
      const below = honest[height - 1]!.work;
      expect(checkSample(PARAMS, base, decodeSample(bytes), below).below).toBe(below);
      bytes[random.below(bytes.length)]! ^= 1 + random.below(255);
      const check = () => checkSample(PARAMS, base, decodeSample(bytes), below);
      expect(() => expose('a sample', check), `${change}`).toThrow(NodeLie);
    }
  });
});
