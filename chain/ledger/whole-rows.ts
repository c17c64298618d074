/**
 * Owns reading rows of which some may be damaged: one that can't be read counts as missing, and doesn't take the others
 * with it.
 */
import { CorruptStoreError, RuleError } from '../errors.ts';
import { MissingBody } from './damage.ts';
import type { RowReader } from './ports.ts';

/** The values at these keys; `undefined` also for those that are damaged. */
export async function readWhole(
  store: RowReader,
  keys: readonly Uint8Array[],
): Promise<(Uint8Array | undefined)[]> {
  const values = await unlessDamaged(store.getMany(keys));
  if (values !== null) return values;
  const found: (Uint8Array | undefined)[] = [];
  for (const key of keys) found.push((await unlessDamaged(store.getMany([key])))?.[0]);
  return found;
}

/** What was read, or `null` if it is damaged. */
export function unlessDamaged<T>(read: Promise<T>): Promise<T | null> {
  return read.catch((error) => {
    if (error instanceof CorruptStoreError) return null;
    throw error;
  });
}

/**
 * What was read, or `null` if it rests on a block that is lost and will be fetched again. Any other damage is no reason to
 * go on without it.
 */
export function unlessLost<T>(read: Promise<T>): Promise<T | null> {
  return read.catch((error) => {
    const isLost = error instanceof RuleError && error.code === 'BLOCK_LOST';
    if (isLost || error instanceof MissingBody) return null;
    throw error;
  });
}
