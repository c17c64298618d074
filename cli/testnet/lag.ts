/** Owns making a node of a testnet lag, told to it by its admin interface. */
import { lagOf, type NodePlan, type TestnetPlan } from './plan.ts';
import { steer } from './steer.ts';

/** The plan with that lag of a node; 0 is none. */
export function withLag(plan: TestnetPlan, index: number, ms: number): TestnetPlan {
  const { [index]: _, ...others } = plan.lags;
  return { ...plan, lags: ms === 0 ? others : { ...others, [index]: ms } };
}

/** Tells a running node how much it lags. */
export async function applyLag(dir: string, plan: TestnetPlan, node: NodePlan): Promise<void> {
  await steer(dir, node, 'lag', { ms: lagOf(plan, node.index) });
}
