import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readIdTexts } from '../../../node/rpc/id-text.ts';

test.each([
  ['{"id":1}', ['1']],
  ['{"id":1,"id":9007199254740993}', ['9007199254740993']],
  [' {"a":{"id":2},"b":[{"id":3}],"\\u0069d" : 1e400 }', ['1e400']],
  ['{"b":"\\"id\\":5","id":-0}', ['-0']],
  [
    '[{"id":1.0},[{"id":7}],2,{"params":{"id":8}},{"id":"x"}]',
    ['1.0', undefined, undefined, undefined, '"x"'],
  ],
])('ids are read as they were written: %s', (text, ids) => {
  const found = readIdTexts(text);
  expect(ids.map((_, i) => found.get(i))).toEqual(ids);
});

test('they agree with the parser, whatever else is in the message', () => {
  const call = fc.dictionary(fc.constantFrom('id', 'a', 'method'), fc.jsonValue({ maxDepth: 2 }));
  fc.assert(
    fc.property(fc.array(fc.oneof(call, fc.jsonValue({ maxDepth: 2 })), { minLength: 1 }), (batch) => {
      const found = readIdTexts(JSON.stringify(batch, null, 1));
      batch.forEach((item, i) => {
        const id =
          typeof item === 'object' && item !== null && !Array.isArray(item) && Object.hasOwn(item, 'id')
            ? Reflect.get(item, 'id')
            : undefined;
        if (typeof id !== 'object') expect(found.get(i)).toBe(JSON.stringify(id));
      });
    }),
  );
});

test('a long string is no trouble', () => {
  expect(readIdTexts(`{"a":"${'\\\\x'.repeat(300_000)}","id":1.5}`).get(0)).toBe('1.5');
});
