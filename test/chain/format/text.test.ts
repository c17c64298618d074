/** Text that somebody else chose: what is shown, what is escaped, and that nothing is lost or changed by it. */
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../../chain/format/bytes.ts';
import { columnsOf, isVisible, showBytes, showString, showText } from '../../../chain/format/text.ts';
import { MARKS, UNICODE_VERSION, VISIBLE, WIDE } from '../../../chain/format/text-table.ts';
import vectors from './vectors/text.json' with { type: 'json' };

const utf8 = new TextEncoder();

/** Strings that are likely to go wrong: pieces of scripts, marks, joiners, controls, escapes, single code units. */
const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom(
        '\\',
        '\\u{1b}',
        '\\x9b',
        '\u200d',
        '\u200c',
        'क',
        '्',
        '\u0301',
        '👩',
        '\ufe0f',
        ' ',
        'a',
      ),
      fc.constantFrom(
        '\x1b[2J',
        '\x9b31m',
        '\u202e',
        '\u2028',
        '\n',
        '\t',
        '\x7f',
        '\u00ad',
        '\u{e0041}',
        '\u3164',
      ),
      fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  nasty.map((text) => utf8.encode(text)),
);

/** Reads what `showBytes` writes: the only way back, so no two byte strings may share it. */
function readBack(shown: string): Uint8Array {
  const out: number[] = [];
  const pattern = /\\(?:([\\nrt])|u\{([0-9a-f]+)\}|x([0-9a-f]{2}))|([^\\])/gu;
  let end = 0;
  for (const match of shown.matchAll(pattern)) {
    expect(match.index).toBe(end);
    end += match[0].length;
    const [, name, point, byte, plain] = match;
    if (byte !== undefined) out.push(parseInt(byte, 16));
    else if (point !== undefined) out.push(...utf8.encode(String.fromCodePoint(parseInt(point, 16))));
    else if (name !== undefined) out.push({ '\\': 92, n: 10, r: 13, t: 9 }[name]!);
    else out.push(...utf8.encode(plain!));
  }
  expect(end).toBe(shown.length);
  return Uint8Array.from(out);
}

describe('the table', () => {
  test('is the one that was made', () => {
    expect(UNICODE_VERSION).toBe('17.0');
    const digest = sha256(utf8.encode([VISIBLE, MARKS, WIDE].join('|')));
    expect(toHex(digest)).toBe(vectors.table);
  });

  test('has no control, format, private or unassigned character, no separator, surrogate, tag or selector', () => {
    const ranges = [
      [0, 0x1f],
      [0x7f, 0xa0],
      [0xad, 0xad],
      [0x34f, 0x34f],
      [0x61c, 0x61c],
      [0x180b, 0x180f],
      [0x2000, 0x200f],
      [0x2028, 0x202f],
      [0x205f, 0x206f],
      [0x3000, 0x3000],
      [0xd800, 0xf8ff],
      [0xfe00, 0xfe0f],
      [0xfeff, 0xfeff],
      [0xfff0, 0xfffc],
      [0xe0000, 0x10ffff],
    ];
    const found: string[] = [];
    for (const [from, to] of ranges) {
      for (let point = from!; point <= to!; point++) if (isVisible(point)) found.push(point.toString(16));
    }
    expect(found).toEqual([]);
  });
});

describe('what is shown', () => {
  test.each(vectors.shown.map(({ bytes, shown }) => [bytes, shown]))('%s is %s', (hex, shown) => {
    expect(showBytes(fromHex(hex!))).toBe(shown);
  });

  test('nothing but visible characters, and joiners between those beyond ASCII', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        const shown = Array.from(showBytes(given), (character) => character.codePointAt(0)!);
        for (const [i, point] of shown.entries()) {
          if (isVisible(point)) continue;
          expect([0x200c, 0x200d]).toContain(point);
          for (const next of [shown[i - 1]!, shown[i + 1]!])
            expect(next > 0x7f && isVisible(next)).toBe(true);
        }
      }),
    );
  });

  test('different bytes are different text, which can be read back', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        expect(toHex(readBack(showBytes(given)))).toBe(toHex(given));
      }),
    );
  });

  test('visible text is shown as it is', () => {
    for (const text of ['plain', 'ünïcödé', 'می‌خواهم', 'क्‍ष', '👨‍👩‍👧', '漢字かな', 'שלום', 'Ångström', '→ €'])
      expect(showString(text)).toBe(text);
  });

  test('marks: none at the start, behind a space or an escape, nor more than eight in a row', () => {
    expect(showString('\u0301a')).toBe('\\u{301}a');
    expect(showString('a \u0301b')).toBe('a \\u{301}b');
    expect(showString('\n\u0301')).toBe('\\n\\u{301}');
    expect(showString(`a${'\u0301'.repeat(10)}`)).toBe(`a${'\u0301'.repeat(8)}\\u{301}\\u{301}`);
  });
});

describe('what a client shows of what a node says', () => {
  test('safe text is not changed, however often it is shown', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        const shown = showBytes(given);
        expect(showText(shown)).toBe(shown);
      }),
    );
    fc.assert(
      fc.property(nasty, (text) => {
        expect(showText(showText(text))).toBe(showText(text));
      }),
    );
  });

  test('nothing that steers or hides is left', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        for (const character of showText(text)) {
          const point = character.codePointAt(0)!;
          expect(isVisible(point) || point === 0x200c || point === 0x200d).toBe(true);
        }
      }),
    );
    expect(showText('C:\\a  b ')).toBe('C:\\a  b ');
    expect(showText('\ud800')).toBe('\\u{d800}');
  });

  test('columns: marks and joiners take none, wide characters two', () => {
    expect(['abc', 'é', 'e\u0301', '漢字', '👩', 'क्‍ष'].map(columnsOf)).toEqual([3, 1, 1, 4, 2, 2]);
  });
});
