/** Owns which nodes a testnet's folder holds, whatever `testnet.json` says: `node-1`, `node-2` and so on. */
import { readdirSync } from 'node:fs';
import { type Standing, standingOf } from '../node-file.ts';
import { nodeDir } from './plan.ts';

export interface NodeStanding {
  readonly index: number;
  readonly standing: Standing;
}

/** Indices of the nodes that have a folder, in order. A folder that can't be read has none. */
export function nodeIndices(dir: string): number[] {
  try {
    return readdirSync(dir)
      .map((name) => Number(/^node-([1-9][0-9]{0,3})$/.exec(name)?.[1]))
      .filter((index) => Number.isSafeInteger(index))
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}

/** The nodes that are not down. */
export async function standingNodes(dir: string): Promise<NodeStanding[]> {
  const all = await Promise.all(
    nodeIndices(dir).map(async (index) => ({ index, standing: await standingOf(nodeDir(dir, index)) })),
  );
  return all.filter(({ standing }) => standing.state !== 'down');
}
