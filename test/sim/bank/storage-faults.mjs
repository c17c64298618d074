/** Owns the faults of the bank that are made in reading what is stored, and in mending it. */
import { fault } from './fault.mjs';

/** @type {readonly import('./fault.mjs').Fault[]} */
export const STORAGE_FAULTS = [
  fault(
    'a stored entry is believed',
    'chain/ledger/state-reader.ts',
    'if (!equalBytes(hash, leaf)) {',
    'if (hash.length !== 32) {',
    'silent rows',
  ),
  fault(
    'a transaction without a row is believed to be in no block',
    'chain/ledger/mined.ts',
    'const { heights, complete } = await ledger.ids.find(id, budget);',
    'const { heights, complete } = { heights: [] as number[], complete: true };',
    'silent rows',
  ),
  fault(
    'the end of a history is believed',
    'chain/ledger/history.ts',
    'if (found === null || !isSame(touchedBy(found.before, found.item.id), at)) {',
    'if (found === null) return { items, older: { ...at, historyCount: 0 } };\n    if (!isSame(touchedBy(found.before, found.item.id), at)) {',
    'silent rows',
  ),
  fault(
    'a list of records is not compared with the deposits',
    'chain/ledger/owned-index.ts',
    'if (deposits !== account.deposits) throw new DamagedOwned(owner);',
    '',
    'silent rows',
  ),
  fault(
    'an entry in memory survives a change of the tip',
    'chain/ledger/state-reader.ts',
    'if (cached !== undefined && equalBytes(cached.valueHash, leaf)) return cached.bytes;',
    'if (cached !== undefined) return cached.bytes;',
    'moving tip',
  ),
  fault(
    'a history is mended from a branch that was left',
    'chain/ledger/mender.ts',
    'const isBelow = now.height >= tip.height && headers.ancestor(now, tip.height) === tip;',
    'const isBelow = now.height >= 0 || headers.ancestor(now, tip.height) === tip;',
    'mending across branches',
  ),
];
