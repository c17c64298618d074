import { expect, test } from 'vitest';
import { toHex } from '../../../chain/format/bytes.ts';
import { IdTable } from '../../../chain/format/id-table.ts';
import { Random } from '../random.ts';

/** An id of few that there are; half of them want one bucket. */
function idOf(number: number): Uint8Array {
  const id = new Uint8Array(32).fill(number % 2);
  id[31] = number;
  return id;
}

test('finds what was put and not removed, whatever comes and goes', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const table = new IdTable(16);
    const places = new Map<string, number>();
    const free = Array.from({ length: 16 }, (_, i) => i);
    for (let step = 0; step < 500; step++) {
      const id = idOf(random.below(40));
      const place = places.get(toHex(id));
      expect(table.find(id)).toBe(place ?? -1);
      if (place !== undefined) {
        table.remove(place);
        places.delete(toHex(id));
        free.push(place);
      } else if (free.length > 0) {
        const taken = free.splice(random.below(free.length), 1)[0]!;
        table.put(taken, id);
        places.set(toHex(id), taken);
      }
    }
  }
});
