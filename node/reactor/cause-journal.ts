/**
 * Owns the log of causes on disk: parts that are written once, in order, so that stories go on after a restart. One is
 * written a block, and one with each user's transactions. Only the latter are synced: a power cut may cost the newest of
 * the others.
 *
 * Bounds: `JOURNAL_BYTES_MAX` and `PARTS_MAX`, above which the oldest parts go.
 */
import type { NewFrame } from '../../chain/files/frame-file.ts';
import type { EntryOwner, Journal } from '../../chain/files/journal.ts';
import { toBigInt, u32 } from '../../chain/format/bytes.ts';
import { ENTRY } from '../../chain/ledger/journal-entries.ts';
import type { Entry } from './causes.ts';

const JOURNAL_BYTES_MAX = 4 * 1024 * 1024;
const PARTS_MAX = 4_096;
const SEQUENCE_BYTES = 4;

interface Part {
  readonly sequence: number;
  readonly bytes: number;
}

export class CauseJournal implements EntryOwner {
  readonly #journal: Journal;
  /** The parts that are wanted, oldest first. Damage may have left gaps. */
  readonly #parts: Part[] = [];
  #bytes = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
    journal.own([ENTRY.causes], this);
  }

  /** What was written before, oldest first. To be called before anything is written. */
  async read(): Promise<Entry[]> {
    const entries: Entry[] = [];
    await this.#journal.read(({ type, payload }) => {
      if (type !== ENTRY.causes) return;
      entries.push(...decodePart(payload));
      this.#add(sequenceOf(payload), payload.length);
    });
    return entries;
  }

  write(entries: readonly Entry[]): Promise<void> {
    return this.#journal.note([this.entryOf(entries)]);
  }

  /** The entry of another part, which must be written: for who writes something with it. */
  entryOf(entries: readonly Entry[]): NewFrame {
    const sequence = this.#next;
    const json = new TextEncoder().encode(JSON.stringify(entries));
    this.#add(sequence, SEQUENCE_BYTES + json.length);
    return { type: ENTRY.causes, parts: [u32(sequence), json] };
  }

  isWanted(_type: number, payload: Uint8Array): boolean {
    const oldest = this.#parts[0];
    return oldest !== undefined && sequenceOf(payload) >= oldest.sequence;
  }

  get wantedBytes(): number {
    return this.#bytes;
  }

  #add(sequence: number, bytes: number): void {
    this.#parts.push({ sequence, bytes });
    this.#bytes += bytes;
    while (this.#parts.length > PARTS_MAX || (this.#bytes > JOURNAL_BYTES_MAX && this.#parts.length > 1))
      this.#bytes -= this.#parts.shift()!.bytes;
  }

  get #next(): number {
    const last = this.#parts.at(-1);
    return last === undefined ? 0 : last.sequence + 1;
  }
}

function sequenceOf(payload: Uint8Array): number {
  return Number(toBigInt(payload.subarray(0, SEQUENCE_BYTES)));
}

/** None if this version can't read them. */
function decodePart(payload: Uint8Array): Entry[] {
  try {
    return JSON.parse(new TextDecoder().decode(payload.subarray(SEQUENCE_BYTES))) as Entry[];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
