import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Recent } from '../../../node/reactor/recent.ts';

test('holds the newest of all that was put and not deleted, through any number of changes', () => {
  const key = fc.integer({ min: 0, max: 12 }).map(String);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.tuple(fc.boolean(), key)), (max, steps) => {
      const recent = new Recent<number>(max);
      let model: [string, number][] = [];
      for (const [i, [puts, name]] of steps.entries()) {
        model = model.filter(([other]) => other !== name);
        if (puts) {
          model.push([name, i]);
          const gone = model.length > max ? model.shift()![1] : null;
          expect(recent.put(name, i)).toBe(gone);
        } else recent.delete(name);
        for (let k = 0; k <= 12; k++) {
          const held = model.find(([other]) => other === String(k));
          expect([recent.has(String(k)), recent.get(String(k))]).toEqual([held !== undefined, held?.[1]]);
        }
      }
    }),
  );
});

test('also after so many that its places were moved together again and again', () => {
  const recent = new Recent<number>(100);
  for (let i = 0; i < 5_000; i++) {
    if (i % 3 === 0) recent.delete(String(i - 50));
    recent.put(String(i), i);
    // Every third goes back behind the others once.
    if (i % 3 === 1) recent.put(String(i - 20), i);
  }
  expect([recent.has('4999'), recent.has('4700')]).toEqual([true, false]);
  let held = 0;
  for (let i = -100; i < 5_000; i++) if (recent.has(String(i))) held++;
  expect(held).toBe(100);
});
