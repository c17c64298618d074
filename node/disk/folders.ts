/** Owns the names of what a node keeps in its data folder for the ledger. */

/** Files that nothing else can be made from: the block files. */
export const BLOCK_FOLDER = 'chain';
