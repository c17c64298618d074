/**
 * Owns the stored blocks: the block files and the header file as one. A block is synced before anything names it.
 * Grows with the blocks that were complete.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import type { Files } from '../files/port.ts';
import { encodeBody } from '../format/block.ts';
import { encodeHeader } from '../format/header.ts';
import type { Transaction } from '../format/transaction.ts';
import type { BlockFiles, NewBlock } from './block-files.ts';
import { type HeaderFile, LOST, type StoredHeader } from './header-file.ts';
import { openStoredBlocks } from './stored-blocks.ts';

interface HeldBlock {
  readonly node: HeaderNode;
  readonly transactions: readonly Transaction[];
}

export class BlockStore {
  readonly #blocks: BlockFiles;
  readonly #headers: HeaderFile;
  /** The last call that writes: one goes after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(blocks: BlockFiles, headers: HeaderFile) {
    this.#blocks = blocks;
    this.#headers = headers;
  }

  /** Opens the files of a ledger. `openStoredBlocks` describes `found` and `damages`. */
  static async open(
    files: Files,
    owner: Uint8Array,
  ): Promise<{ store: BlockStore; found: ReadonlyMap<string, StoredHeader>; damages: readonly string[] }> {
    const { blocks, headers, found, damages } = await openStoredBlocks(files, owner);
    return { store: new BlockStore(blocks, headers), found, damages };
  }

  /** Appends blocks and notes where they are. They survive a power cut after `sync`. */
  async append(blocks: readonly HeldBlock[]): Promise<void> {
    const places = await this.appendEncoded(
      blocks.map(({ node, transactions }) => ({
        header: encodeHeader(node.header),
        body: encodeBody(transactions),
      })),
    );
    blocks.forEach(({ node }, i) => {
      node.place = places[i]!;
    });
  }

  /** The same of encoded blocks. Returns their places. */
  appendEncoded(blocks: readonly NewBlock[]): Promise<number[]> {
    return this.#alone(async () => {
      const places = await this.#blocks.append(blocks);
      await this.#headers.append(blocks.map(({ header }, i) => ({ header, place: places[i]! })));
      return places;
    });
  }

  /** Notes headers whose blocks are in no file. */
  appendLost(headers: readonly Uint8Array[]): Promise<void> {
    return this.#alone(() => this.#headers.append(headers.map((header) => ({ header, place: LOST }))));
  }

  /** Resolves once all blocks appended before survive a power cut. */
  sync(): Promise<void> {
    return this.#alone(() => this.#blocks.sync());
  }

  /** The encoded body of the block of this id at a place; `null` if it isn't there, or damaged. */
  read(place: number, id: Uint8Array): Promise<Uint8Array | null> {
    return this.#blocks.read(place, id);
  }

  /** Ends after the writes under way. Nothing may be read meanwhile. */
  close(): Promise<void> {
    return this.#alone(async () => {
      await this.#blocks.close();
      await this.#headers.close();
    });
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
