/** Owns `pier testnet lag`. */
import { LAG_MS_MAX } from '../../node/delay-line.ts';
import { parseWhole } from '../arguments.ts';
import type { Context } from '../context.ts';
import { findRunningNode } from '../node-file.ts';
import { applyLag, withLag } from '../testnet/lag.ts';
import { withLock } from '../testnet/lock.ts';
import { lagOf, needPlan, nodeDir, nodeOf, writePlan } from '../testnet/plan.ts';
import { notRunning } from '../testnet/survey.ts';

export async function run(context: Context, which: string, howLong: string): Promise<void> {
  const dir = context.places.testnet;
  const index = parseWhole(which, 'the node', 1, 9999);
  nodeOf(needPlan(dir), index);
  const lagMs = parseWhole(howLong, 'the lag in milliseconds', 0, LAG_MS_MAX);
  await withLock(dir, async () => {
    const plan = needPlan(dir);
    const node = nodeOf(plan, index);
    if (findRunningNode(nodeDir(dir, index)) === null) throw notRunning(index);
    const changed = withLag(plan, index, lagMs);
    // The plan first: should this be killed in between, the plan shows a lag, and `heal` ends it.
    writePlan(dir, changed);
    await applyLag(dir, changed, node);
    context.output.result({ index, lagMs }, () => describe(index, lagOf(plan, index), lagMs));
  });
}

function describe(index: number, before: number, lagMs: number): string {
  if (lagMs === 0) return before === 0 ? `node ${index} did not lag` : `node ${index} lags no more`;
  return [
    `node ${index} lags: all it sends and gets takes ${lagMs} ms longer`,
    `see the forks that makes: pier forks   end it with: pier testnet lag ${index} 0`,
  ].join('\n');
}
