/** Owns what is counted of kills, and when a kill comes. */
import type { Chance } from './parts.ts';
import type { TrialNode } from './trial-node.ts';

/** What a node was at when it was killed. */
export type At = 'load' | 'start' | 'rebuild' | 'migration';

export class KillTally {
  readonly kills: Record<At, number> = { load: 0, start: 0, rebuild: 0, migration: 0 };
  acknowledged = 0;
  /** Acknowledged, and neither mined nor pending. */
  lost = 0;
  failedStarts = 0;
  inconsistent = 0;
  /** Starts that were not killed. */
  starts = 0;
  /** Time from a start until the node served. */
  #startMs = 2_000;

  get all(): number {
    return Object.values(this.kills).reduce((sum, count) => sum + count, 0);
  }

  get faults(): number {
    return this.lost + this.failedStarts + this.inconsistent;
  }

  /** Notes a fault and says it. */
  fault(kind: 'lost' | 'failedStarts' | 'inconsistent', text: string, count = 1): void {
    this[kind] += count;
    process.stderr.write(`  ${kind}: ${text}\n`);
  }

  /** A moment while a node starts or shortly after, in milliseconds from now. */
  drawStartMs(chance: Chance): number {
    return chance.below(Math.ceil(1.3 * this.#startMs));
  }

  /** True once the node serves. One that does not is killed. */
  async serves(node: TrialNode): Promise<boolean> {
    const began = Date.now();
    if (await node.serves()) {
      this.starts++;
      this.#startMs = 0.8 * this.#startMs + 0.2 * (Date.now() - began);
      return true;
    }
    this.fault('failedStarts', `${node.data}: ${JSON.stringify(node.end)} ${node.stderr.slice(-500)}`);
    await node.kill();
    return false;
  }
}
