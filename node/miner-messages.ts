/** Owns what the miner and its thread say to each other. */

export type ToWorker =
  | { readonly type: 'job'; readonly jobId: number; readonly header: Uint8Array; readonly target: bigint }
  | { readonly type: 'cancel' }
  | { readonly type: 'rate'; readonly hashesPerSecond: number | null }
  | { readonly type: 'stop' };

export interface FromWorker {
  readonly jobId: number;
  readonly nonce: number;
}

export interface WorkerData {
  /** Two 32-bit words: `SIGNAL` counts messages, so that a sleeping worker wakes; `HASHRATE` is read by the node. */
  readonly shared: Int32Array;
  readonly hashesPerSecond: number | null;
  /** Hashes that aren't throttled, once: the first blocks of a new ledger come at once. */
  readonly burst: number;
}

export const SIGNAL = 0;
export const HASHRATE = 1;
