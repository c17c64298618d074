/** Owns the kinds of files of frames there are: the byte in the head of each. */
export const FILE_KIND = {
  /** Blocks: header and body. */
  blocks: 1,
  /** Headers, and where their blocks are. */
  headers: 2,
  /** What no block tells: see `journal-entries.ts`. */
  journal: 3,
} as const;
