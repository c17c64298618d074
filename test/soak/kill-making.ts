/**
 * Owns kills of a node while it makes its database from its block files, or moves a store of an earlier version into
 * block files. Each time it is started again until one start is let be: that one must answer everything right, alone.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../../cli/testnet/wait.ts';
import type { At, KillTally } from './kill-tally.ts';
import type { Chance } from './parts.ts';
import type { Stage } from './stage.ts';
import { TrialNode } from './trial-node.ts';

const SYNC_MS = 180_000;
/** Kills in a row before a start is let be. */
const ROW_MAX = 3;

/** Has a node of an earlier version fetch the gold chain and take the spare transfers. The data folder. */
export async function makeOldData(stage: Stage, oldBundle: string): Promise<string> {
  const { gold, truth } = stage;
  const data = join(stage.dir, 'format-3');
  const node = new TrialNode({ bundle: oldBundle, data, genesis: gold.genesis, peers: [stage.peerUrl] });
  if (!(await node.serves())) throw new Error(`the earlier version does not serve: ${node.stderr}`);
  const isThere = (): Promise<boolean> =>
    node.call<{ tip: string }>('status').then(({ tip }) => tip === truth.tip);
  if (!(await waitUntil(isThere, SYNC_MS, 100))) throw new Error('the earlier version does not sync');
  await node.call('submit', { transactions: gold.spare });
  await node.stop();
  return data;
}

/** Kills nodes so many times on copies of a folder. */
export async function makeAndKill(
  stage: Stage,
  from: string,
  at: Extract<At, 'rebuild' | 'migration'>,
  name: string,
  kills: number,
  chance: Chance,
  tally: KillTally,
): Promise<void> {
  for (let left = kills; left > 0; ) {
    const data = stage.copy(from, name);
    if (at === 'rebuild') rmSync(join(data, 'db'), { recursive: true, force: true });
    for (let row = Math.min(left, 1 + chance.below(ROW_MAX)); row > 0; row--, left--) {
      const node = stage.start(data, { bare: chance.below(3) > 0 });
      await sleep(tally.drawStartMs(chance));
      const end = await node.kill();
      if (end.signal !== 'SIGKILL')
        tally.fault('failedStarts', `${data}: ${JSON.stringify(end)} ${node.stderr.slice(-500)}`);
      tally.kills[at]++;
    }
    const node = stage.start(data);
    try {
      if (!(await tally.serves(node))) return;
      const { silent, left: wrong } = await stage.watch(node, false);
      for (const text of [...silent, ...wrong].slice(0, 3)) tally.fault('inconsistent', `${data}: ${text}`);
    } finally {
      await node.kill();
    }
  }
}
