/** Owns the faults of a store that are no damage: what keeps a node from using it now. */

/** Why a store can't be used now though nothing may be wrong with it. `hint` says what to do. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  readonly code: 'LOCKED' | 'DISK_FULL' | 'IO';
  readonly hint: string;
  constructor(code: 'LOCKED' | 'DISK_FULL' | 'IO', message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.hint = hint;
  }
}
