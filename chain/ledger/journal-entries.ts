/** Owns the table of entries in the journal, the file beside the block files that holds what no block tells. */

/** Types of frames, and their payloads. */
export const ENTRY = {
  /** A transaction that a user was told is accepted: its bytes. */
  kept: 1,
  /** One that is mined or given up: its id(32). */
  forgotten: 2,
  /** Part of the log of causes: sequence(4), JSON. */
  causes: 3,
} as const;
