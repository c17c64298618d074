/**
 * Owns the files of a disk of the world: what audits read of the block files, without the time a process takes, and what
 * may be lost with a bit of any.
 */
import type { HeaderNode } from '../chain/consensus/header-tree.ts';
import { FRAME_HEAD_BYTES, FRAMES_AT } from '../chain/files/frame.ts';
import { type MemoryFile, MemoryFiles } from '../chain/files/memory-files.ts';
import { decodeBody } from '../chain/format/block.ts';
import { toHex } from '../chain/format/bytes.ts';
import { DOMAIN, hash } from '../chain/format/hash.ts';
import { decodeHeader, HEADER_BYTES } from '../chain/format/header.ts';
import { BlockFiles, blockFileNumber } from '../chain/ledger/block-files.ts';
import { ENTRY } from '../chain/ledger/journal-entries.ts';
import { JOURNAL_NAME } from '../chain/ledger/old-entries.ts';
import type { Random } from './random.ts';

interface Kept {
  readonly file: MemoryFile;
  readonly from: number;
  readonly to: number;
  readonly height: number;
  readonly keys: readonly string[];
}

export class BlockShelf {
  readonly #random: Random;
  #files: MemoryFiles;
  /** The lowest height at which a block was ever damaged. */
  #lowestHit = Number.POSITIVE_INFINITY;

  constructor(random: Random) {
    this.#random = random.fork('files');
    this.#files = this.#empty();
  }

  get files(): MemoryFiles {
    return this.#files;
  }

  /** The encoded body of a stored block of the ledger of a chain id; `null` if it is damaged. */
  read(chainId: Uint8Array, { id, place }: HeaderNode): Promise<Uint8Array | null> {
    return new BlockFiles(this.#files, chainId, 0, null).read(place, id);
  }

  /** Inverts a bit. Returns the keys of acknowledged transactions that are lost with it. */
  flip(): string[] {
    const names = this.#files.names();
    if (names.length === 0) return [];
    const file = this.#files.find(this.#random.pick(names))!;
    if (file.size === 0) return [];
    const at = this.#random.below(file.size);
    const isHit = (kept: { from: number; to: number }): boolean => at >= kept.from && at < kept.to;
    const hit = this.#blocks().find((block) => block.file === file && isHit(block));
    if (hit !== undefined) this.#lowestHit = Math.min(this.#lowestHit, hit.height);
    const lost = file === this.#journal() ? this.#acknowledged().filter(isHit) : [];
    file.flip(at * 8 + this.#random.below(8));
    return lost.map(({ key }) => key);
  }

  /**
   * Keys of the transactions that are lost when the state is made again from the blocks, unless others have them: no way
   * leads through a damaged block.
   */
  unreachable(): string[] {
    return this.#blocks().flatMap(({ height, keys }) => (height >= this.#lowestHit ? keys : []));
  }

  /** All is gone. Returns the keys of the transactions in it. */
  wipe(): string[] {
    const keys = this.#blocks().flatMap((block) => block.keys);
    for (const { key } of this.#acknowledged()) keys.push(key);
    const { full } = this.#files;
    this.#files = this.#empty();
    this.#files.full = full;
    return keys;
  }

  /** The blocks in all files. */
  #blocks(): Kept[] {
    const found: Kept[] = [];
    for (const name of this.#files.names()) {
      if (blockFileNumber(name) === null) continue;
      const file = this.#files.find(name)!;
      for (const { from, to, payload } of framesOf(file)) {
        const block = readBlock(payload);
        if (block !== null) found.push({ file, from, to, ...block });
      }
    }
    return found;
  }

  #journal(): MemoryFile | null {
    return this.#files.find(JOURNAL_NAME);
  }

  /** The acknowledged transactions in the journal, outdated ones too. */
  #acknowledged(): { from: number; to: number; key: string }[] {
    const journal = this.#journal();
    if (journal === null) return [];
    return framesOf(journal)
      .filter(({ type }) => type === ENTRY.kept)
      .map(({ from, to, payload }) => ({ from, to, key: toHex(hash(DOMAIN.transaction, payload)) }));
  }

  #empty(): MemoryFiles {
    return new MemoryFiles((length) => this.#random.bytes(length));
  }
}

interface RawFrame {
  readonly from: number;
  readonly to: number;
  readonly type: number;
  readonly payload: Uint8Array;
}

/** The frames of a file, as far as lengths lead from one to the next. */
function framesOf(file: MemoryFile): RawFrame[] {
  const frames: RawFrame[] = [];
  const bytes = file.get(0, file.size);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let from = FRAMES_AT; from + FRAME_HEAD_BYTES <= bytes.length; ) {
    const to = from + FRAME_HEAD_BYTES + view.getUint32(from + 4);
    if (to > bytes.length) break;
    frames.push({ from, to, type: bytes[from + 8]!, payload: bytes.slice(from + FRAME_HEAD_BYTES, to) });
    from = to;
  }
  return frames;
}

function readBlock(payload: Uint8Array): { height: number; keys: string[] } | null {
  try {
    const { height } = decodeHeader(payload.subarray(0, HEADER_BYTES));
    return { height, keys: decodeBody(payload.subarray(HEADER_BYTES)).map(({ key }) => key) };
  } catch {
    // An earlier damage.
    return null;
  }
}
