/** Owns what the command and its threads say to each other about simulated worlds. Only shapes. */
import type { Plan } from '../../sim/plan.ts';
import type { Report } from '../../sim/report.ts';
import type { Told } from '../../sim/watch.ts';

/** A world to be lived. */
export interface WorldOrder {
  readonly seed: number;
  readonly plan: Plan;
  /** Virtual minutes with faults. */
  readonly minutes: number;
  /** Command that lives it again. */
  readonly replay: string;
  /** Every event is told. */
  readonly trace: boolean;
}

export type FromWorker =
  | { readonly type: 'progress'; readonly phase: string; readonly nowMs: number }
  | { readonly type: 'told'; readonly told: readonly Told[] }
  | { readonly type: 'report'; readonly report: Report };
