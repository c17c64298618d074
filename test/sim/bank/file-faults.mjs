/** Owns the faults of the bank that are made in block files. */
import { fault } from './fault.mjs';

const FRAME_FILE = 'chain/files/frame-file.ts';

/** @type {readonly import('./fault.mjs').Fault[]} */
export const FILE_FAULTS = [
  fault(
    'a block is not synced before the tip names it',
    'chain/ledger/bodies.ts',
    '    await this.#store.sync();\n',
    '',
    'power cut',
  ),
  fault(
    'a frame may stand anywhere',
    'chain/files/frame.ts',
    'concat(this.#salt, u64(at), ',
    'concat(this.#salt, ',
    'imitation',
  ),
  fault(
    'a damaged frame is believed',
    'chain/files/frame.ts',
    '    if (!equalBytes(this.#checksum(at, type, payload), bytes.subarray(9, FRAME_HEAD_BYTES))) return null;\n',
    '',
    'damaged block',
  ),
  fault(
    'a scan ends at damage',
    FRAME_FILE,
    '        at = await window.find(this.#codec.mark, at + 1, size);\n        continue;',
    '        break;',
    'damaged block',
  ),
  fault(
    'what is behind damage is cut off',
    FRAME_FILE,
    'await this.#file.truncate(found.end);',
    'await this.#file.truncate(Math.max(from, FRAMES_AT));',
    'power cut',
    'life',
  ),
  fault(
    'a rebuild forgets blocks that the header file lacks',
    'chain/ledger/stored-blocks.ts',
    '      found.set(name, entry);\n      added.push(entry);',
    '      added.push(entry);',
    'rebuild alone',
  ),
  fault(
    'lost blocks are not asked for again',
    'p2p/parts.ts',
    '  parts.lostBodies.tick();\n',
    '',
    'damaged block',
  ),
];
