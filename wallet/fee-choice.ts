/** Owns the price that a transaction pays a byte: from the ledger's own minimum and what several nodes ask. */

/** What a node asks, in planks a byte. */
export interface Quote {
  readonly node: string;
  readonly perByte: number;
}

export interface Price {
  readonly perByte: number;
  /** The node that asks for it; null if it is the ledger's minimum. */
  readonly node: string | null;
}

/** Times the ledger's minimum that is paid without being told to. */
export const CAP_FACTOR = 20;

/**
 * The middle of what the nodes ask, the lower of two: one that asks for too much, or for nothing, does not decide. Never
 * below `least`, what the ledger asks.
 */
export function choosePrice(least: number, quotes: readonly Quote[]): Price {
  const sorted = [...quotes].sort((a, b) => a.perByte - b.perByte);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined || middle.perByte <= least) return { perByte: least, node: null };
  return middle;
}

/** The largest fee in planks that is paid for `size` bytes without being told to. */
export function defaultCap(least: number, size: number): number {
  return CAP_FACTOR * Math.max(1, least) * size;
}
