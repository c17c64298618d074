import { describe, expect, test, vi } from 'vitest';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { WalletError } from '../../wallet/errors.ts';
import { entropyFromWords, seedFromEntropy, wordsFromEntropy } from '../../wallet/words.ts';
import standard from './vectors/bip-0039.json' with { type: 'json' };

function faultOf(text: string): WalletError {
  try {
    entropyFromWords(text);
  } catch (error) {
    if (error instanceof WalletError) return error;
  }
  throw new Error('the words were accepted');
}

describe('recovery words', () => {
  test.each(standard.vectors)('BIP-39 $entropy', async ({ entropy, words, seed }) => {
    expect(wordsFromEntropy(fromHex(entropy))).toBe(words);
    expect(toHex(entropyFromWords(words))).toBe(entropy);
    expect(toHex(await seedFromEntropy(fromHex(entropy), standard.passphrase))).toBe(seed);
  });

  test('give the same seed where the platform has no PBKDF2', async () => {
    const { entropy, seed } = standard.vectors[0]!;
    vi.stubGlobal('crypto', undefined);
    const made = seedFromEntropy(fromHex(entropy), standard.passphrase);
    vi.unstubAllGlobals();
    expect(toHex(await made)).toBe(seed);
  });

  test('are read however they are spaced and capitalised', () => {
    const { entropy, words } = standard.vectors[1]!;
    expect(toHex(entropyFromWords(`\n ${words.toUpperCase().replaceAll(' ', '  \t')} \n`))).toBe(entropy);
  });

  test('are refused with a reason that does not repeat them', () => {
    const { words } = standard.vectors[1]!;
    const list = words.split(' ');
    const cases: [string, string][] = [
      ['', '0 words'],
      [list.slice(0, 11).join(' '), '11 words'],
      [`${words} legal`, '13 words'],
      [list.with(4, 'sausages').join(' '), 'word 5 is not in the list'],
      [list.with(4, 'legal').join(' '), 'checksum'],
      [list.with(0, list[1]!).with(1, list[0]!).join(' '), 'checksum'],
    ];
    for (const [text, reason] of cases) {
      const fault = faultOf(text);
      expect(fault.code).toBe('BAD_WORDS');
      expect(fault.message).toContain(reason);
      expect(fault.message + fault.hint).not.toMatch(/sausage|legal|winner/);
    }
  });

  test('18 words are valid BIP-39 but none of ours', () => {
    expect(() => wordsFromEntropy(new Uint8Array(24))).toThrow('expected 16 or 32');
    expect(faultOf(`${'abandon '.repeat(17)}agent`).message).toContain('18 words');
  });
});
