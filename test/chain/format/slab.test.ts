import { expect, test } from 'vitest';
import { Slab } from '../../../chain/format/slab.ts';

test('what is taken is zero, and no two share a byte', () => {
  const slab = new Slab(64);
  const taken = [16, 0, 10, 16, 7, 16, 5, 17, 16, 300, 1].map((length, i) => {
    const bytes = slab.take(length);
    expect(bytes).toEqual(new Uint8Array(length));
    return bytes.fill(i + 1);
  });
  taken.forEach((bytes, i) => {
    expect(bytes).toEqual(new Uint8Array(bytes.length).fill(i + 1));
  });
});

test('a string keeps no more alive than a piece, or itself', () => {
  const slab = new Slab(64);
  const kept = [16, 17, 16, 16, 16, 1, 300].map((length) => slab.take(length).buffer.byteLength);
  expect(kept).toEqual([64, 17, 64, 64, 64, 64, 300]);
});

test('a copy goes its own way', () => {
  const slab = new Slab(64);
  const bytes = Uint8Array.of(1, 2, 3);
  const [one, other] = [slab.copy(bytes), slab.copy(bytes)];
  bytes[0] = 9;
  other.fill(7);
  expect(one).toEqual(Uint8Array.of(1, 2, 3));
});
