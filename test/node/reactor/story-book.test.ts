import { expect, test } from 'vitest';
import { toHex } from '../../../chain/format/bytes.ts';
import type { Cause, Story } from '../../../node/reactor/causes.ts';
import { StoryBook } from '../../../node/reactor/story-book.ts';
import { Random } from '../../chain/random.ts';

const MAX = 8;
const block = { height: 3, id: 'ab', miner: 'm' };
const idOf = (number: number): Uint8Array => new Uint8Array(32).fill(number);

function causeOf(random: Random, at: number): Cause {
  switch (random.below(3)) {
    case 0:
      return { at, what: 'pending', way: 'new', from: { kind: 'user' } };
    case 1:
      return { at, what: 'mined', block };
    default:
      return {
        at,
        what: 'dropped',
        reason: { code: 'POOL_FULL', message: `${random.below(400)}` },
        by: null,
      };
  }
}

/** The same with a map, whose last entry is the one that something happened to last. */
class PlainBook {
  readonly #all = new Map<string, Story>();

  get(id: Uint8Array): Story | undefined {
    return this.#all.get(toHex(id));
  }

  add(id: Uint8Array, cause: Cause): Cause | null {
    const known = this.take(id) ?? { causes: [], left: 0 };
    const { causes } = known;
    const over = causes.length === 32 ? 1 : 0;
    const kept = over === 1 ? [causes[0]!, ...causes.slice(2)] : causes;
    return this.#put(id, { causes: [...kept, cause], left: known.left + over });
  }

  adopt(id: Uint8Array, story: Story): Cause | null {
    return this.#put(id, story);
  }

  take(id: Uint8Array): Story | undefined {
    const story = this.get(id);
    this.#all.delete(toHex(id));
    return story;
  }

  #put(id: Uint8Array, story: Story): Cause | null {
    this.#all.set(toHex(id), story);
    if (this.#all.size <= MAX) return null;
    const [key, gone] = [...this.#all][0]!;
    this.#all.delete(key);
    return gone.causes.at(-1)!;
  }
}

test('tells the same stories as a plain list of them, and lets the same ones go', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const [book, plain] = [new StoryBook(MAX), new PlainBook()];
    for (let step = 0; step < 600; step++) {
      // Of a few something happens often, so that some stories become long.
      const id = idOf(random.below(2) === 0 ? random.below(3) : random.below(14));
      const known = plain.get(id);
      if (random.below(12) === 0) {
        const taken = book.take(id);
        expect(taken).toEqual(plain.take(id));
        if (taken !== undefined && random.below(2) === 0)
          expect(book.adopt(id, taken)).toEqual(plain.adopt(id, known!));
      } else {
        const cause = causeOf(random, step);
        expect(book.add(id, cause)).toEqual(plain.add(id, cause));
      }
      for (let i = 0; i < 14; i++) {
        const story = plain.get(idOf(i));
        expect(book.has(idOf(i))).toBe(story !== undefined);
        expect(book.get(idOf(i))).toEqual(story);
        expect(book.lastOf(idOf(i))).toEqual(story?.causes.at(-1));
      }
    }
  }
});
