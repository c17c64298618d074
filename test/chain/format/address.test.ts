import { bech32, bech32m } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RuleError } from '../../../chain/errors.ts';
import { addressOf, authKeyOf, formatAddress, parseAddress } from '../../../chain/format/address.ts';
import { fromHex, toHex } from '../../../chain/format/bytes.ts';
import frozen from '../../wallet/vectors/address.json' with { type: 'json' };
import standard from '../../wallet/vectors/bech32m.json' with { type: 'json' };

function detailOf(text: string): string {
  try {
    parseAddress(text);
  } catch (error) {
    if (error instanceof RuleError && error.code === 'BAD_ADDRESS') return error.detail;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

const address = fc.uint8Array({ minLength: 20, maxLength: 20 });

describe('the encoding under it', () => {
  test.each(standard.valid)('BIP-350 valid: %j', (text) => {
    const { prefix, words } = bech32m.decode(text as `${string}1${string}`);
    expect(bech32m.encode(prefix, words)).toBe(text.toLowerCase());
  });

  test.each(standard.invalid)('BIP-350 invalid: %j', (text) => {
    expect(bech32m.decodeUnsafe(text)).toBeUndefined();
    expect(detailOf(text)).not.toBe('');
  });
});

describe('from a key', () => {
  test.each(frozen.vectors)('$publicKey', ({ scheme, publicKey, authKey, address, text }) => {
    const made = authKeyOf(scheme, fromHex(publicKey, 32));
    expect(toHex(made)).toBe(authKey);
    expect(toHex(addressOf(made))).toBe(address);
    expect(formatAddress(addressOf(made))).toBe(text);
    expect(toHex(parseAddress(text))).toBe(address);
  });

  test('an address is a copy: writing to it leaves the authKey alone', () => {
    const authKey = authKeyOf(1, new Uint8Array(32));
    const before = toHex(authKey);
    addressOf(authKey).fill(0);
    expect(toHex(authKey)).toBe(before);
  });
});

describe('from text', () => {
  const good = frozen.vectors[0]!.text;
  const bytes = fromHex(frozen.vectors[0]!.address);

  test('reads what was written, in either case', () => {
    fc.assert(
      fc.property(address, (value) => {
        const text = formatAddress(value);
        expect(text).toMatch(/^pier1[02-9ac-hj-np-z]{38}$/);
        expect(parseAddress(text)).toEqual(value);
        expect(parseAddress(text.toUpperCase())).toEqual(value);
      }),
    );
  });

  test('any single wrong character, swap or missing one is noticed', () => {
    fc.assert(
      fc.property(
        address,
        fc.nat(37),
        fc.constantFrom(...'qpzry9x8gf2tvdw0s3jn54khce6mua7l'),
        (value, at, other) => {
          const text = formatAddress(value);
          const i = 5 + at;
          const wrong = [
            `${text.slice(0, i)}${text.slice(i + 1)}`,
            `${text.slice(0, i)}${other}${text.slice(i)}`,
          ];
          if (text[i] !== other) wrong.push(`${text.slice(0, i)}${other}${text.slice(i + 1)}`);
          if (i < 42 && text[i] !== text[i + 1]) {
            wrong.push(`${text.slice(0, i)}${text[i + 1]}${text[i]}${text.slice(i + 2)}`);
          }
          for (const each of wrong) expect(detailOf(each)).not.toBe('');
        },
      ),
    );
  });

  test('says what is wrong', () => {
    const last = good.at(-1) === 'q' ? 'p' : 'q';
    expect(detailOf(`${good.slice(0, -1)}${last}`)).toContain('checksum is wrong');
    expect(detailOf(bech32.encode('pier', bech32.toWords(bytes)))).toContain('bech32m');
    expect(detailOf(`P${good.slice(1)}`)).toContain('mixes upper and lower');
    expect(detailOf(bech32m.encode('bc', bech32m.toWords(bytes)))).toBe(
      'it must begin with pier1, not with bc1',
    );
    expect(detailOf(bech32m.encode('pierre', bech32m.toWords(bytes)))).toContain('not with pierre1');
    expect(detailOf(toHex(bytes))).toContain('must begin with pier1');
    expect(detailOf(good.slice(0, -3))).toContain('it has 40 characters, an address has 43');
    expect(detailOf(good + good)).toContain('position 45');
    expect(detailOf(`${good.slice(0, 10)}o${good.slice(11)}`)).toBe(
      '"o" at position 11 can\'t be in an address',
    );
    expect(detailOf(` ${good}`)).toContain('must begin with pier1');
    expect(detailOf(`${good}\n`)).toContain('a character at position 44');
    expect(detailOf('')).toContain('must begin with pier1');
    expect(detailOf('pier1')).toContain('it has 5 characters');
    expect(detailOf(undefined as unknown as string)).toBe('expected a string');
  });

  test('other lengths under a right checksum are refused', () => {
    for (const length of [0, 1, 19, 21, 32]) {
      const text = bech32m.encode('pier', bech32m.toWords(new Uint8Array(length)));
      expect(detailOf(text)).toContain('an address has 43');
    }
  });

  test('the answer to a long string is short', () => {
    expect(detailOf('x'.repeat(100_000)).length).toBeLessThan(120);
    expect(detailOf(`pier1${'q'.repeat(100_000)}`).length).toBeLessThan(120);
  });
});
