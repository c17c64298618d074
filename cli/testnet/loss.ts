/**
 * Owns seeing that a testnet has lost blocks. What it had reached is known from its nodes' notes and from its plan; a
 * testnet that comes up with less has lost something, and must not be reported as if all were well.
 */
import { join } from 'node:path';
import { describeCondition } from '../../node/condition.ts';
import { readReached } from '../../node/reached.ts';
import { CliError } from '../faults.ts';
import { nodeIndices } from './folders.ts';
import { nodeDir, type ReachedPlan, type TestnetPlan } from './plan.ts';
import type { NodeReport } from './survey.ts';

/** Surveys in a row in which no node had what is missing, all being linked. Headers come within the first. */
const LOOKS = 25;

/** The furthest that any node of the testnet had come, or null. */
export function reachedBefore(dir: string, plan: TestnetPlan): ReachedPlan | null {
  const notes = nodeIndices(dir).map((index) => readReached(nodeDir(dir, index)));
  const known = notes.flatMap((note) =>
    note === null ? [] : [{ height: note.height, work: String(note.work) }],
  );
  return best(plan.reached === null ? known : [...known, plan.reached]);
}

/** The furthest that any node is now, or null if none answers. */
export function furthest(reports: readonly NodeReport[]): ReachedPlan | null {
  return best(
    reports.flatMap(({ status }) => (status === null ? [] : [{ height: status.height, work: status.work }])),
  );
}

function best(reached: readonly ReachedPlan[]): ReachedPlan | null {
  return reached.reduce<ReachedPlan | null>(
    (most, next) => (most === null || BigInt(next.work) > BigInt(most.work) ? next : most),
    null,
  );
}

/** Watches a start for blocks that are gone. To be called before any node is started. */
export function lossOf(
  dir: string,
  before: ReachedPlan | null,
): { look(reports: readonly NodeReport[]): boolean; readonly notes: string[] } {
  const notes: string[] = [];
  // A node without a note of its own has begun anew: that it lacks nothing says nothing.
  const noted = new Set(nodeIndices(dir).filter((index) => readReached(nodeDir(dir, index)) !== null));
  let looks = 0;
  return {
    notes,
    /** True if the start need not wait for anything that is missing. Throws 'LEDGER_LOST' if no node has it. */
    look(reports) {
      const now = furthest(reports);
      if (before === null || (now !== null && BigInt(now.work) >= BigInt(before.work))) {
        const missing = reports.some(({ status }) => status !== null && isMissing(status));
        if (!missing) return true;
      }
      if (reports.some(({ status }) => status === null || isComing(status))) {
        looks = 0;
        return false;
      }
      if (reports.some(({ status }) => status!.peers < reports.length - 1) || ++looks < LOOKS) return false;
      // Some node is whole, and has most of it: the testnet goes on with that, and grows past what is missing.
      if (
        reports.some(({ index, status }) => noted.has(index) && status!.height > 0 && !isMissing(status!))
      ) {
        notes.splice(0, notes.length, ...describeLosses(dir, reports));
        if (before !== null && now!.height < before.height)
          notes.push(
            `blocks above ${now!.height} are lost on all nodes: it had reached block ${before.height}`,
          );
        return true;
      }
      throw lost(dir, before, reports);
    },
  };
}

function isMissing({ storage }: NonNullable<NodeReport['status']>): boolean {
  return storage !== undefined && storage !== null && storage.state !== 'sound';
}

function isComing({ storage, syncing }: NonNullable<NodeReport['status']>): boolean {
  return syncing === true || storage?.state === 'rebuilding' || storage?.state === 'fetching';
}

function describeLosses(dir: string, reports: readonly NodeReport[]): string[] {
  return reports.flatMap(({ index, status }) => {
    const text = status?.storage == null ? null : describeCondition(status.storage);
    return text === null ? [] : [`node ${index} (${nodeDir(dir, index)}): ${text}`];
  });
}

function lost(dir: string, before: ReachedPlan | null, reports: readonly NodeReport[]): CliError {
  const height = before === null ? 'a height that is not known' : `block ${before.height}`;
  const kept = reports.flatMap(({ index, status }) =>
    status?.storage?.kept == null ? [] : [join(nodeDir(dir, index), status.storage.kept)],
  );
  const where = kept.length === 0 ? 'nothing was kept of it' : `what was left is kept in ${kept.join(', ')}`;
  return new CliError(
    'LEDGER_LOST',
    `the ledger of this testnet is lost: it had reached ${height}, and no node has its blocks any more; ${where}`,
    'put back a copy of a node folder, or begin anew with: pier testnet start --fresh   (which deletes what is left)',
  );
}
