/** Owns measuring what one header of the tree takes in memory. */
import { HeaderTree } from '../../chain/consensus/header-tree.ts';
import { decodeHeader, encodeHeader, headerIdOfBytes } from '../../chain/format/header.ts';
import type { Params } from '../../chain/format/params.ts';
import { makeGenesis } from '../../chain/ledger/genesis.ts';

/** Enough that what a table has to spare and what a collection leaves don't count. */
const HEADERS = 20_000;

declare const gc: () => void;

/** Bytes of heap and external memory that a header of this ledger takes, on average. */
export async function headerBytes(params: Params): Promise<number> {
  const { header: genesis } = await makeGenesis(params);
  const tree = new HeaderTree(params, genesis);
  const before = await liveBytes();
  let at = tree.genesis;
  for (let height = 1; height <= HEADERS; height++) {
    const made = encodeHeader({ ...genesis, height, previous: at.id, nonce: height });
    at = tree.restore(decodeHeader(made), headerIdOfBytes(made))!;
  }
  const after = await liveBytes();
  if (tree.size !== HEADERS + 1) throw new Error('the tree has lost headers');
  return Math.round((after - before) / HEADERS);
}

async function liveBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
