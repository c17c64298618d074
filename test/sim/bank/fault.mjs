/** Owns the form of a fault: a small change of the sources, and the scenes in which it is looked for first. */

/** @typedef {{ readonly file: string, readonly find: string, readonly replace: string }} Edit */
/** @typedef {{ readonly name: string, readonly edits: readonly Edit[], readonly scenes: readonly string[] }} Fault */

/**
 * @param {string} name @param {string} file @param {string} find @param {string} replace @param {string[]} scenes
 * @returns {Fault}
 */
export const fault = (name, file, find, replace, ...scenes) => ({
  name,
  edits: [{ file, find, replace }],
  scenes,
});
