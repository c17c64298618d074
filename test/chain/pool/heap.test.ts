import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../../../chain/pool/heap.ts';

test('gives what comes before all others, as a sorted list does', () => {
  const operations = fc.array(fc.option(fc.integer({ min: 0, max: 20 })), { maxLength: 200 });
  fc.assert(
    fc.property(operations, (drawn) => {
      const heap = new Heap<number>((a, b) => a < b);
      const list: number[] = [];
      for (const item of drawn) {
        if (item === null) {
          expect(heap.pop()).toBe(list.shift());
        } else {
          heap.push(item);
          list.push(item);
          list.sort((a, b) => a - b);
        }
        expect([heap.size, heap.peek()]).toEqual([list.length, list[0]]);
      }
    }),
  );
});
