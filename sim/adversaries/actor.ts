/** Owns what those adversaries have in common that aren't nodes: what they may use, and when they act. Only shapes. */
import type { Params } from '../../chain/format/params.ts';
import type { Network } from '../network.ts';
import type { SimNode } from '../node.ts';
import type { Random } from '../random.ts';
import type { Schedule } from '../schedule.ts';
import type { Sign, Users } from '../users.ts';

export interface ActorWorld {
  readonly params: Params;
  readonly users: Users;
  readonly schedule: Schedule;
  readonly network: Network;
  readonly random: Random;
  readonly sign?: Sign | undefined;
  /** Its index on the network, after those of all nodes. */
  readonly index: number;
  /** Hashes a second of all honest miners together. */
  readonly hashrate: number;
  /** Honest nodes that are up. */
  readonly victims: () => readonly SimNode[];
  /** Tells the world what it has done. */
  readonly note: (deed: string) => void;
}

export interface Actor {
  /** Begins what it does by itself. */
  start?(): void;
  /** Its time has come to do something to one or all of these nodes, at least one. */
  act(victims: readonly SimNode[]): Promise<void>;
  /** It is gone for good. */
  stop(): void;
}
