/** Measures what a full mempool takes in memory, with transactions of every shape, and how far it is counted right. */
import { piecesRoot } from '../../chain/format/pieces.ts';
import { type Body, decodeTransaction, OUTPUTS_MAX } from '../../chain/format/transaction.ts';
import { Mempool } from '../../chain/pool/mempool.ts';
import type { Figure, Measure } from './figure.ts';
import { easyGenesis, makePeople, type Person, paramsOf, signBody } from './workload.ts';

/** Memory that a full mempool may cost. */
const MOST_MB = 60;
const NOTHING = new Uint8Array(0);
const CHAIN = new Uint8Array(32);

declare const gc: () => void;

const outputs = (count: number) =>
  Array.from({ length: count }, () => ({ to: crypto.getRandomValues(new Uint8Array(20)), amount: 1 }));
const transfer = (count: number): Body => ({
  TAG: 'transfer',
  data: { outputs: outputs(count), memo: NOTHING },
});
const put = (from: Person, inline: Uint8Array): Body => ({
  TAG: 'put',
  data: {
    creator: from.address,
    name: Uint8Array.of(1, 2, 3),
    root: piecesRoot(inline),
    size: inline.length,
    mediaType: Uint8Array.of(1),
    inline,
  },
});

/** By name, and whether senders have one transaction each or a whole queue. */
const SHAPES: readonly [name: string, queue: number, make: (from: Person) => Body][] = [
  ['transfers to one', 1, () => transfer(1)],
  ['transfers to one, long queues', 200, () => transfer(1)],
  [`transfers to ${OUTPUTS_MAX}`, 1, () => transfer(OUTPUTS_MAX)],
  ['records of 1 KiB', 1, (from) => put(from, crypto.getRandomValues(new Uint8Array(1024)))],
  ['drops', 1, () => ({ TAG: 'drop', data: { record: crypto.getRandomValues(new Uint8Array(32)) } })],
];

const measurePoolMemory: Measure = async () => {
  const figures: Figure[] = [];
  for (const shape of SHAPES) figures.push(...(await fill(shape)));
  return figures;
};

/** In a function of its own, so that the pool before is gone. */
async function fill([name, queue, make]: (typeof SHAPES)[number]): Promise<Figure[]> {
  const signer = makePeople(1)[0]!;
  const params = paramsOf(easyGenesis({ funded: [signer] }));
  const before = await liveBytes();
  const pool = new Mempool(params);
  for (let full = false; !full; ) {
    // Anybody's: the pool takes what others have checked.
    const from = { ...signer, address: crypto.getRandomValues(new Uint8Array(20)), nonce: 0 };
    for (let i = 0; i < queue && !full; i++) {
      const bytes = signBody(params, CHAIN, from, make(from));
      full = pool.add(decodeTransaction(bytes), [1]).length > 0;
    }
  }
  const live = (await liveBytes()) - before;
  return [
    {
      name: `a pool full of ${pool.size} ${name}`,
      unit: 'MB',
      samples: [live / 2 ** 20],
      goal: { atMost: MOST_MB },
    },
    {
      name: 'of what it is counted as',
      unit: '%',
      samples: [(100 * live) / pool.memory],
      goal: { atMost: 105 },
    },
  ];
}

async function liveBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export default measurePoolMemory;
