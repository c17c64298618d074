/**
 * Owns the block files of a disk of the world: what audits read of them, without the time a process takes, and what may be
 * lost with a bit of them.
 */
import type { HeaderNode } from '../chain/consensus/header-tree.ts';
import { FRAME_HEAD_BYTES, FRAMES_AT } from '../chain/files/frame.ts';
import { type MemoryFile, MemoryFiles } from '../chain/files/memory-files.ts';
import { decodeBody } from '../chain/format/block.ts';
import { decodeHeader, HEADER_BYTES } from '../chain/format/header.ts';
import { BlockFiles, blockFileNumber } from '../chain/ledger/block-files.ts';
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

  /** Inverts a bit. */
  flip(): void {
    const names = this.#files.names();
    if (names.length === 0) return;
    const file = this.#files.find(this.#random.pick(names))!;
    if (file.size === 0) return;
    const at = this.#random.below(file.size);
    const hit = this.#blocks().find((block) => block.file === file && at >= block.from && at < block.to);
    if (hit !== undefined) this.#lowestHit = Math.min(this.#lowestHit, hit.height);
    file.flip(at * 8 + this.#random.below(8));
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
    const { full } = this.#files;
    this.#files = this.#empty();
    this.#files.full = full;
    return keys;
  }

  /** The blocks in all files, as far as lengths lead from one to the next. */
  #blocks(): Kept[] {
    const found: Kept[] = [];
    for (const name of this.#files.names()) {
      if (blockFileNumber(name) === null) continue;
      const file = this.#files.find(name)!;
      const bytes = file.get(0, file.size);
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      for (let from = FRAMES_AT; from + FRAME_HEAD_BYTES < bytes.length; ) {
        const to = from + FRAME_HEAD_BYTES + view.getUint32(from + 4);
        if (to > bytes.length) break;
        const payload = bytes.slice(from + FRAME_HEAD_BYTES, to);
        const block = readBlock(payload);
        if (block !== null) found.push({ file, from, to, ...block });
        from = to;
      }
    }
    return found;
  }

  #empty(): MemoryFiles {
    return new MemoryFiles((length) => this.#random.bytes(length));
  }
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
