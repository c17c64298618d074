import { expect, test } from 'vitest';
import { parseId, parseIndices, parseText, parseWhole } from '../../cli/arguments.ts';

test('whole numbers are plain digits within bounds', () => {
  expect(parseWhole('5', '--nodes', 1, 50)).toBe(5);
  for (const text of ['0', '51', '-1', '1e1', '0x5', '05', '5.0', '', ' 5', '99999999999999999999']) {
    expect(() => parseWhole(text, '--nodes', 1, 50), text).toThrow('--nodes');
  }
});

test('an id is 64 hex digits in either case', () => {
  expect(parseId('AB'.repeat(32), 'block')).toBe('ab'.repeat(32));
  expect(() => parseId('ab', 'block')).toThrow('2 digits');
  expect(() => parseId('zz'.repeat(32), 'block')).toThrow('other characters');
});

test('groups of nodes are separated by commas or spaces', () => {
  expect(parseIndices('1,2')).toEqual([1, 2]);
  expect(parseIndices(' 3, 4 5 ')).toEqual([3, 4, 5]);
  for (const text of ['', ',', 'a', '1,x', '0']) expect(() => parseIndices(text), text).toThrow();
});

test('text that is to be signed is its UTF-8, and refused where bytes were none', () => {
  expect(parseText('né\u200d', 'the memo')).toEqual(new TextEncoder().encode('né\u200d'));
  expect(() => parseText('caf\ufffd', 'the memo')).toThrow('the memo has bytes that are no UTF-8');
});
