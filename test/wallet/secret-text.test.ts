/** Secrets are bytes with one decoding: plain UTF-8, or a refusal that says what they look like. */
import { expect, test } from 'vitest';
import { WalletError } from '../../wallet/errors.ts';
import { decodeSecret, exactOf, firstLineOf, lossyFirstLineOf } from '../../wallet/secret-text.ts';

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : part)),
  );
const utf16 = (text: string): number[] => [...text].flatMap((character) => [character.charCodeAt(0), 0]);

function refusalOf(given: Uint8Array): string {
  try {
    decodeSecret(given, 'the file');
  } catch (error) {
    if (error instanceof WalletError && error.code === 'NOT_UTF8') return `${error.message} ${error.hint}`;
  }
  throw new Error('it was taken');
}

test('UTF-8 is taken, with one byte order mark or none; nothing else is left out', () => {
  expect(decodeSecret(bytes('pässwörd ☕'), '')).toBe('pässwörd ☕');
  expect(decodeSecret(bytes([0xef, 0xbb, 0xbf], 'secret\r\n'), '')).toBe('secret\r\n');
  expect(decodeSecret(bytes([0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf], 'x'), '')).toBe('\ufeffx');
  expect(decodeSecret(bytes(), '')).toBe('');
});

test('the first line ends at a CR or an LF', () => {
  const lines = ['secret', 'secret\n', 'secret\r\n', 'secret\r', 'secret\r\nmore', 'secret\n\nmore'];
  for (const text of lines) expect(firstLineOf(text)).toBe('secret');
  expect(firstLineOf(' a b \n')).toBe(' a b ');
  expect(firstLineOf('\nsecret')).toBe('');
});

test.each([
  ['UTF-16', bytes([0xff, 0xfe], utf16('secret'))],
  ['UTF-16', bytes([0xfe, 0xff, 0, 0x73])],
  ['UTF-16LE', bytes(utf16('secret\n'))],
  ['UTF-16BE', bytes([0, 0x73, 0, 0x65])],
  ['UTF-32', bytes([0xff, 0xfe, 0, 0, 0x73, 0, 0, 0])],
  ['UTF-32', bytes([0, 0, 0xfe, 0xff])],
  ['Latin-1', bytes('p', [0xe4], 'ss')],
  ['byte 0', bytes('a', [0], 'bc')],
  ['no UTF-8', Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i)],
  ['no UTF-8', bytes([0xed, 0xa0, 0x80])],
  ['no UTF-8', bytes('secret', [0xc3])],
])('%s is refused with a remedy, whatever else it might be', (name, given) => {
  expect(refusalOf(given)).toContain(name);
  expect(refusalOf(given)).toMatch(/UTF-8/);
});

test('different bytes that earlier versions read as one passphrase are refused', () => {
  const [a, b] = [bytes('p', [0xe4], 'ss'), bytes('p', [0xf6], 'ss')];
  expect(lossyFirstLineOf(a)).toBe(lossyFirstLineOf(b));
  for (const given of [a, b]) refusalOf(given);
});

test('a passphrase without an exact reading seals nothing', () => {
  const exact = new WalletError('NOT_UTF8');
  expect(() => exactOf({ exact, lossy: 'p\ufffdss', onLossy() {} })).toThrow(exact);
  expect(exactOf({ exact: 'x', lossy: 'y', onLossy() {} })).toBe('x');
});
