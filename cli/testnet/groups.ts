/** Owns splitting a testnet: which nodes may link to which, told to each of them by its admin interface. */
import { CliError } from '../faults.ts';
import { type NodePlan, nodeOf, type TestnetPlan } from './plan.ts';
import { steer } from './steer.ts';

/** The groups of a split: each node in one of them. Nodes that were not named are a group of their own. */
export function completeGroups(plan: TestnetPlan, named: readonly (readonly number[])[]): number[][] {
  const seen = new Set<number>();
  for (const index of named.flat()) {
    nodeOf(plan, index);
    if (seen.has(index)) {
      throw new CliError('USAGE', `node ${index} is named twice`, 'a node can be in one group only');
    }
    seen.add(index);
  }
  const rest = plan.nodes.map(({ index }) => index).filter((index) => !seen.has(index));
  const groups = [
    ...named.map((group) => [...group].sort((a, b) => a - b)),
    ...(rest.length > 0 ? [rest] : []),
  ];
  if (groups.length < 2) {
    throw new CliError('USAGE', 'that is one group: nothing is split', 'name two or more, as: "1,2" "3,4,5"');
  }
  return groups;
}

/** Node ids that `index` may link to, or null for everyone. */
export function allowedFor(plan: TestnetPlan, index: number): string[] | null {
  const group = plan.groups?.find((members) => members.includes(index));
  if (plan.groups === null || group === undefined) return null;
  return group.map((member) => plan.ids[member]).filter((id) => id !== undefined);
}

/** Tells a running node whom it may link to. */
export async function applyGroup(dir: string, plan: TestnetPlan, node: NodePlan): Promise<void> {
  const nodes = allowedFor(plan, node.index);
  await steer(dir, node, 'allow', { nodes });
}

/** `1,2 | 3,4,5` */
export function describeGroups(groups: readonly (readonly number[])[]): string {
  return groups.map((group) => group.join(',')).join(' | ');
}
