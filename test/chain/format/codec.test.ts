import fc from 'fast-check';
import type * as P from 'micro-packed';
import { describe, expect, test } from 'vitest';
import { RuleError } from '../../../chain/errors.ts';
import * as codec from '../../../chain/format/codec.ts';
import { Reader } from '../../../chain/format/stream.ts';
import * as packed from './packed.ts';

/** One format made both ways, and values of it. */
interface Shape {
  readonly ours: codec.Codec<unknown>;
  readonly theirs: P.CoderType<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}

const shape = <T>(ours: codec.Codec<T>, theirs: P.CoderType<T>, values: fc.Arbitrary<T>): Shape => ({
  ours: ours as codec.Codec<unknown>,
  theirs: theirs as P.CoderType<unknown>,
  values,
});
const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });

const leaves: fc.Arbitrary<Shape> = fc.oneof(
  fc.constantFrom(
    shape(codec.u8, packed.u8, fc.nat(0xff)),
    shape(codec.u16, packed.u16, fc.nat(0xffff)),
    shape(codec.u32, packed.u32, fc.integer({ min: 0, max: 0xffff_ffff })),
    shape(codec.u48, packed.u48, fc.integer({ min: 0, max: 2 ** 48 - 1 })),
    shape(codec.u53, packed.u53, fc.maxSafeNat()),
    shape(codec.u256, packed.u256, fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })),
    shape(codec.positive, packed.positive, fc.bigInt({ min: 1n, max: 2n ** 256n - 1n })),
    shape(codec.bool, packed.bool, fc.boolean()),
  ),
  fc.constantFrom(0, 1, 20, 32, 64, 65, 181).map((n) => shape(codec.fixed(n), packed.fixed(n), bytes(n, n))),
  fc
    .constantFrom(0, 3, 255, 256, 65_535, 65_536)
    .map((max) => shape(codec.byteString(max), packed.byteString(max), bytes(0, Math.min(max, 80)))),
);

const { tree } = fc.letrec<{ tree: Shape }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaves,
    // Behind a byte: in an optional one, `null` would have two encodings, and no format has that.
    tie('tree').map(({ ours, theirs, values }) =>
      shape(
        codec.optional(codec.struct({ it: codec.u8, inner: ours })) as codec.Codec<unknown>,
        packed.optional(packed.struct({ it: packed.u8 as P.CoderType<unknown>, inner: theirs })),
        fc.option(fc.record({ it: fc.nat(9), inner: values })),
      ),
    ),
    fc.tuple(fc.constantFrom(2, 255, 300, 70_000), tie('tree')).map(([max, { ours, theirs, values }]) => {
      const items = fc.array(values, { maxLength: Math.min(max, 6) });
      return shape(codec.list(max, ours), packed.list(max, theirs), items);
    }),
    fc.array(tie('tree'), { maxLength: 5 }).map((fields) => {
      const named = <T>(of: (field: Shape) => T): Record<string, T> =>
        Object.fromEntries(fields.map((field, i) => [`field${i}`, of(field)]));
      const values = fc.record(named((field) => field.values));
      return shape(
        codec.struct(named((f) => f.ours) as never),
        packed.struct(named((f) => f.theirs)),
        values,
      );
    }),
    fc.array(tie('tree'), { minLength: 1, maxLength: 4 }).map((kinds) => {
      const named = <T>(of: (kind: Shape) => T): Record<string, [number, T]> =>
        Object.fromEntries(kinds.map((kind, i) => [`kind${i}`, [3 * i, of(kind)]]));
      const values = fc.oneof(
        ...kinds.map((kind, i) => kind.values.map((data) => ({ TAG: `kind${i}`, data }))),
      );
      return shape(
        codec.tagged(named((kind) => kind.ours) as never),
        packed.tagged(named((kind) => kind.theirs)),
        values,
      );
    }),
  ),
}));

/** A format and a value of it. */
const written = tree.chain((made) => made.values.map((value) => ({ ...made, value })));
/** Damage: bytes changed, cut off, or added. */
const damage = fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.nat(3), more: bytes(0, 2) });

describe('the codecs, against a second implementation', () => {
  test('write the same bytes and read them back', () => {
    fc.assert(
      fc.property(written, ({ ours, theirs, value }) => {
        const encoded = codec.encode(ours, value);
        expect(encoded).toEqual(theirs.encode(value));
        expect(codec.decode(ours, encoded)).toEqual(value);
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  test('give the same verdict on damaged bytes, with the same code, and never a second encoding', () => {
    fc.assert(
      fc.property(written, damage, ({ ours, theirs, value }, { at, byte, cut, more }) => {
        const whole = codec.encode(ours, value);
        const damaged = Uint8Array.of(...whole.subarray(0, Math.max(0, whole.length - cut)), ...more);
        if (damaged.length > 0) damaged[at % damaged.length] = byte;
        const outcome = packed.outcomeOf(() => codec.decode(ours, damaged));
        expect(outcome).toEqual(packed.outcomeOf(() => theirs.decode(damaged)));
        if ('value' in outcome) expect(codec.encode(ours, outcome.value)).toEqual(damaged);
      }),
      { seed: 2, numRuns: 6000 },
    );
  });

  const nothing = undefined as never;
  test.each<[string, codec.Codec<never>, P.CoderType<never>, unknown[]]>([
    ['u8', codec.u8, packed.u8, [-1, 256, 1.5, Number.NaN, '1', null, nothing, 1n]],
    ['u16', codec.u16, packed.u16, [-1, 2 ** 16, 0.5, Number.POSITIVE_INFINITY]],
    ['u32', codec.u32, packed.u32, [-1, 2 ** 32, 0.5, nothing]],
    ['u48', codec.u48, packed.u48, [-1, 2 ** 48, 0.5, nothing]],
    ['u53', codec.u53, packed.u53, [-1, 2 ** 53, 0.5, nothing, 7n]],
    ['u256', codec.u256, packed.u256, [-1n, 2n ** 256n, nothing]],
    ['positive', codec.positive, packed.positive, [0n, -1n, 2n ** 256n]],
    ['bool', codec.bool, packed.bool, [0, 1, null, nothing]],
    ['fixed', codec.fixed(2), packed.fixed(2), [new Uint8Array(1), new Uint8Array(3), [1, 2], 'ab', nothing]],
    ['byteString', codec.byteString(3), packed.byteString(3), [new Uint8Array(4), [1], 'ab', nothing, null]],
    ['list', codec.list(2, codec.u8), packed.list(2, packed.u8), [[1, 2, 3], [256], nothing, null, 7]],
    ['struct', codec.struct({ a: codec.u8 }), packed.struct({ a: packed.u8 }), [{}, null, nothing, 'a']],
    [
      'tagged',
      codec.tagged<{ TAG: 'a'; data: number }>({ a: [1, codec.u8] }),
      packed.tagged({ a: [1, packed.u8] }),
      [{ TAG: 'b', data: 1 }, { TAG: 'toString', data: 1 }, { TAG: 'a' }, null, nothing],
    ],
  ] as never)('refuse what %s has no bytes for, with the same code', (_, ours, theirs, values) => {
    for (const value of values as never[]) {
      const outcome = packed.outcomeOf(() => codec.encode(ours, value));
      expect(outcome).toEqual(packed.outcomeOf(() => theirs.encode(value)));
      expect(outcome).toHaveProperty('code');
    }
  });
});

describe('encoding', () => {
  test('is not disturbed by one that failed half way, nor by a large one', () => {
    const pair = codec.struct<{ a: number; b: Uint8Array }>({ a: codec.u32, b: codec.byteString(100_000) });
    const small = { a: 1, b: Uint8Array.of(9) };
    const large = { a: 2, b: new Uint8Array(100_000).fill(7) };
    const first = codec.encode(pair, small);
    expect(() => codec.encode(pair, { a: 5, b: null as never })).toThrow(RuleError);
    expect(codec.encode(pair, large).length).toBe(8 + 100_000);
    expect(codec.decode(pair, codec.encode(pair, large))).toEqual(large);
    expect(codec.encode(pair, small)).toEqual(first);
    expect(first).toEqual(Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1, 9));
  });

  test('of many at once gives what each gives alone, and fails as the first bad one does', () => {
    const many = tree.chain((made) =>
      fc.array(made.values, { maxLength: 4 }).map((values) => ({ ...made, values })),
    );
    fc.assert(
      fc.property(many, ({ ours, values }) => {
        expect(codec.encodeAll(ours, values)).toEqual(values.map((value) => codec.encode(ours, value)));
      }),
      { seed: 3, numRuns: 300 },
    );
    expect(() => codec.encodeAll(codec.u8, [1, 256, null as never])).toThrow(RuleError);
    expect(codec.encodeAll(codec.u8, [7, 8])).toEqual([Uint8Array.of(7), Uint8Array.of(8)]);
  });

  test('gives bytes of its own', () => {
    const value = Uint8Array.of(1, 2);
    const encoded = codec.encode(codec.fixed(2), value);
    value[0] = 7;
    codec.encode(codec.fixed(2), value);
    expect(encoded).toEqual(Uint8Array.of(1, 2));
  });
});

test('a reader makes views, but of what is so short that it would have to be moved, copies', () => {
  const read = (source: Uint8Array): Uint8Array => {
    const reader = new Reader(source);
    expect(reader.bytes(32)).toEqual(source.subarray(0, 32));
    const rest = reader.bytes(source.length - 32);
    expect(rest).toEqual(source.subarray(32));
    reader.end();
    expect(() => reader.bytes(1)).toThrow(RuleError);
    return rest;
  };
  const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);
  const long = pattern(65);
  expect(read(long).buffer).toBe(long.buffer);
  const short = pattern(64);
  expect(read(short).buffer).not.toBe(short.buffer);
  read(pattern(200).subarray(50, 150));
  read(pattern(200).subarray(50, 100));
});
