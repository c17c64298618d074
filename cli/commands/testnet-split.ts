/** Owns `pier testnet split`, and `pier testnet heal`, which ends splits and lags alike. */
import { parseIndices } from '../arguments.ts';
import type { Context } from '../context.ts';
import { CliError } from '../faults.ts';
import { findRunningNode } from '../node-file.ts';
import { applyGroup, completeGroups, describeGroups } from '../testnet/groups.ts';
import { applyLag } from '../testnet/lag.ts';
import { withLock } from '../testnet/lock.ts';
import { needPlan, nodeDir, type TestnetPlan, writePlan } from '../testnet/plan.ts';

export async function split(context: Context, named: string[]): Promise<void> {
  const dir = context.places.testnet;
  needPlan(dir);
  await withLock(dir, async () => {
    const plan = needPlan(dir);
    const groups = completeGroups(plan, named.map(parseIndices));
    await change(dir, { ...plan, groups });
    context.output.result({ groups }, () =>
      [
        `split into ${describeGroups(groups)}: each side goes on by itself`,
        'look at them with: pier testnet status   join them with: pier testnet heal',
      ].join('\n'),
    );
  });
}

export async function heal(context: Context): Promise<void> {
  const dir = context.places.testnet;
  needPlan(dir);
  await withLock(dir, async () => {
    const plan = needPlan(dir);
    const wasSplit = plan.groups !== null;
    const lagged = Object.keys(plan.lags).length > 0;
    await change(dir, { ...plan, groups: null, lags: {} });
    const done = [...(wasSplit ? ['all nodes may link again'] : []), ...(lagged ? ['none lags'] : [])];
    const text =
      done.length === 0
        ? 'it was not split, and no node lagged'
        : `healed: ${done.join(' and ')}, the most work wins`;
    context.output.result({ groups: null, healed: done.length > 0 }, text);
  });
}

/**
 * The plan is written first: should this be killed before all nodes know, the plan shows it, and `heal` ends it.
 */
async function change(dir: string, plan: TestnetPlan): Promise<void> {
  const running = plan.nodes.filter(({ index }) => findRunningNode(nodeDir(dir, index)) !== null);
  if (running.length === 0) {
    throw new CliError('NODE_DOWN', 'no node of this testnet is running', 'start it with: npm start');
  }
  writePlan(dir, plan);
  const told = await Promise.allSettled(
    running.map(async (node) => {
      await applyGroup(dir, plan, node);
      await applyLag(dir, plan, node);
    }),
  );
  const deaf = running.filter((_, i) => told[i]!.status === 'rejected').map(({ index }) => index);
  if (deaf.length === 0) return;
  const failure = told.find((each) => each.status === 'rejected')!.reason as Error;
  throw new CliError(
    'NOT_TOLD',
    `node ${deaf.join(', ')} could not be told: ${failure.message}`,
    'run it again once it answers, or restart that node; pier testnet heal ends all splits and lags',
  );
}
