/**
 * Owns stories in little memory, of the same size from the beginning: most have two or three causes, and what a cause
 * says besides its time is one object for all that share it.
 *
 * Bounds: `max` stories, of which the one that something happened to longest ago goes first; `CAUSES_MAX` causes each, of
 * which those after the first go; `SHARED_MAX` things said that are looked for among those before.
 */
import { IdTable } from '../../chain/format/id-table.ts';
import type { Cause, Story } from './causes.ts';

/** A cause without its time. */
type Deed = Cause extends infer One ? (One extends Cause ? Omit<One, 'at'> : never) : never;

const CAUSES_MAX = 32;
/** Causes of a story that have their place; a longer story is an object of its own. */
const PLACED = 3;
const SHARED_MAX = 256;

export class StoryBook {
  readonly #table: IdTable;
  /** By place, `PLACED` in a row. */
  readonly #times: Float64Array;
  readonly #deeds: (Deed | null)[];
  readonly #counts: Uint8Array;
  readonly #long = new Map<number, Story>();
  /** By place, in order of the last thing that happened; counted from 1, and 0 is none. */
  readonly #older: Int32Array;
  readonly #newer: Int32Array;
  #oldest = 0;
  #newest = 0;
  #size = 0;
  /** Places that were taken and are free. */
  readonly #free: number[] = [];
  /** By its JSON. */
  readonly #shared = new Map<string, Deed>();
  /** The cause that was added last, often for many in a row. */
  #last: { readonly cause: Cause; readonly deed: Deed } | null = null;

  constructor(max: number) {
    this.#table = new IdTable(max);
    this.#times = new Float64Array(PLACED * max);
    this.#deeds = new Array<Deed | null>(PLACED * max).fill(null);
    this.#counts = new Uint8Array(max);
    this.#older = new Int32Array(max);
    this.#newer = new Int32Array(max);
  }

  has(id: Uint8Array): boolean {
    return this.#table.find(id) >= 0;
  }

  get(id: Uint8Array): Story | undefined {
    const place = this.#table.find(id);
    return place < 0 ? undefined : this.#storyAt(place);
  }

  /** The last cause of a story. */
  lastOf(id: Uint8Array): Cause | undefined {
    const place = this.#table.find(id);
    return place < 0 ? undefined : this.#lastAt(place);
  }

  /** Adds a cause to a story, or begins one. Returns the last cause of the story that had to go for it. */
  add(id: Uint8Array, cause: Cause): Cause | null {
    const known = this.#table.find(id);
    if (known >= 0) {
      this.#unlink(known);
      this.#append(known);
      this.#grow(known, cause);
      return null;
    }
    const gone = this.#free.length === 0 && this.#size === this.#table.places ? this.#removeOldest() : null;
    const place = this.#free.pop() ?? this.#size;
    this.#size++;
    this.#table.put(place, id);
    this.#counts[place] = 0;
    this.#append(place);
    this.#grow(place, cause);
    return gone;
  }

  /** Adds a story whose id has none here. Returns what `add` does. */
  adopt(id: Uint8Array, { causes, left }: Story): Cause | null {
    const gone = this.add(id, causes[0]!);
    for (const cause of causes.slice(1)) this.add(id, cause);
    if (left > 0) this.#long.set(this.#table.find(id), { causes, left });
    return gone;
  }

  /** Takes a story out. */
  take(id: Uint8Array): Story | undefined {
    const place = this.#table.find(id);
    if (place < 0) return undefined;
    const story = this.#storyAt(place);
    this.#remove(place);
    return story;
  }

  #grow(place: number, cause: Cause): void {
    const count = this.#counts[place]!;
    if (count < PLACED) {
      this.#times[PLACED * place + count] = cause.at;
      this.#deeds[PLACED * place + count] = this.#deedOf(cause);
      this.#counts[place] = count + 1;
      return;
    }
    const { causes, left } = this.#storyAt(place);
    this.#long.set(
      place,
      causes.length < CAUSES_MAX
        ? { causes: causes.concat(cause), left }
        : { causes: [causes[0]!, ...causes.slice(2), cause], left: left + 1 },
    );
  }

  #deedOf(cause: Cause): Deed {
    if (this.#last?.cause === cause) return this.#last.deed;
    const { at: _, ...own } = cause;
    const name = JSON.stringify(own);
    const deed = this.#shared.get(name) ?? own;
    if (this.#shared.size >= SHARED_MAX) this.#shared.clear();
    this.#shared.set(name, deed);
    this.#last = { cause, deed };
    return deed;
  }

  #storyAt(place: number): Story {
    const long = this.#long.get(place);
    if (long !== undefined) return long;
    const causes = Array.from({ length: this.#counts[place]! }, (_, i) => this.#causeAt(PLACED * place + i));
    return { causes, left: 0 };
  }

  #lastAt(place: number): Cause {
    return this.#long.get(place)?.causes.at(-1) ?? this.#causeAt(PLACED * place + this.#counts[place]! - 1);
  }

  #causeAt(index: number): Cause {
    return { at: this.#times[index]!, ...this.#deeds[index]! } as Cause;
  }

  #removeOldest(): Cause {
    const place = this.#oldest - 1;
    const last = this.#lastAt(place);
    this.#remove(place);
    return last;
  }

  #remove(place: number): void {
    this.#unlink(place);
    this.#table.remove(place);
    this.#long.delete(place);
    this.#deeds.fill(null, PLACED * place, PLACED * (place + 1));
    this.#free.push(place);
    this.#size--;
  }

  #append(place: number): void {
    this.#older[place] = this.#newest;
    this.#newer[place] = 0;
    if (this.#newest === 0) this.#oldest = place + 1;
    else this.#newer[this.#newest - 1] = place + 1;
    this.#newest = place + 1;
  }

  #unlink(place: number): void {
    const [older, newer] = [this.#older[place]!, this.#newer[place]!];
    if (older === 0) this.#oldest = newer;
    else this.#newer[older - 1] = newer;
    if (newer === 0) this.#newest = older;
    else this.#older[newer - 1] = older;
  }
}
