import { expect, test } from 'vitest';
import { formatSpan, layFacts, layTable, printable, shortAddress } from '../../cli/layout.ts';

test('a table aligns its columns, and colours take no room in it', () => {
  expect(
    layTable(
      [
        ['a', '1'],
        ['bbb', '22'],
      ],
      ['left', 'right'],
    ),
  ).toEqual(['a     1', 'bbb  22']);
  expect(
    layTable([
      ['\x1b[31ma\x1b[0m', 'x'],
      ['bb', 'y'],
    ]),
  ).toEqual(['\x1b[31ma\x1b[0m   x', 'bb  y']);
});

test('facts without a value are left out', () => {
  expect(
    layFacts([
      ['one', '1'],
      ['two', null],
      ['three', '3'],
    ]),
  ).toBe('one    1\nthree  3');
});

test('spans are told in the largest unit that fits', () => {
  expect([0, 412, 9_940, 9_960, 119_000, 121_000, 7_300_000, 200_000_000].map(formatSpan)).toEqual([
    '0.0 s',
    '0.4 s',
    '9.9 s',
    '10 s',
    '119 s',
    '2 min',
    '2 h',
    '2 d',
  ]);
  // A block's time may be a little ahead of our clock.
  expect(formatSpan(-300)).toBe('0.0 s');
});

test("another's text can't steer the terminal", () => {
  expect(printable('lunch\x1b[2J\u202e\nfor two ☕')).toBe('lunch\ufffd[2J\ufffd\ufffdfor two ☕');
});

test('an address is shortened in its middle', () => {
  expect(shortAddress('pier1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqxyz42')).toBe('pier1qqqqq…xyz42');
});
