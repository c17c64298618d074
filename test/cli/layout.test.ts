import { expect, test } from 'vitest';
import { formatClock, formatSpan, formatTime, layFacts, layTable, shortAddress } from '../../cli/layout.ts';

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

test('times name their offset from UTC', () => {
  const time = 1_795_334_776_000;
  const shown = formatTime(time);
  expect(shown).toMatch(/^2026-11-2[12] \d\d:\d\d:\d\d [+-]\d\d:\d\d$/);
  expect(new Date(shown.replace(' ', 'T').replace(' ', '')).getTime()).toBe(time);
  expect(shown.endsWith(formatClock(time))).toBe(true);
  expect(formatTime(9e15)).toBe('9000000000000000 ms after 1970');
});

test('wide characters take two columns, marks none', () => {
  expect(
    layTable([
      ['漢字', 'x'],
      ['e\u0301', 'y'],
    ]),
  ).toEqual(['漢字  x', 'e\u0301     y']);
});

test('an address is shortened in its middle', () => {
  expect(shortAddress('pier1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqxyz42')).toBe('pier1qqqqq…xyz42');
});
