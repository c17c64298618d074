import { describe, expect, test } from 'vitest';
import { toHex } from '../../chain/format/bytes.ts';
import { nodeKdf } from '../../cli/kdf.ts';
import { WalletError } from '../../wallet/errors.ts';
import { identityOf } from '../../wallet/identity.ts';
import { costFault, DEFAULT_COST, type Kdf, portableKdf } from '../../wallet/kdf.ts';
import {
  type KeyInfo,
  openKeyFile,
  parseKeyFile,
  sealKeyFile,
  sealPlainKeyFile,
} from '../../wallet/keyfile.ts';
import { privateKeyOf, type Secret } from '../../wallet/secret.ts';
import { walletFault } from './faults.ts';
import { CHEAP_COST, countingRandom } from './memory-keys.ts';
import frozen from './vectors/keyfile.json' with { type: 'json' };

const ports = () => ({ kdf: portableKdf, random: countingRandom(), cost: CHEAP_COST });
const secretOf = (kind: 'words' | 'seed', length: number): Secret => ({
  kind,
  bytes: Uint8Array.from({ length }, (_, i) => i + 1),
});

async function infoOf(secret: Secret, name = 'alice'): Promise<KeyInfo> {
  const { address, publicKey } = identityOf(await privateKeyOf(secret));
  return { name, address, publicKey, kind: secret.kind };
}

const bytesOf = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
const jsonOf = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(new TextDecoder().decode(bytes));

describe('an encrypted key file', () => {
  test.each([
    ['words', 16],
    ['words', 32],
    ['seed', 32],
  ] as const)('gives back %s of %d bytes', async (kind, length) => {
    const secret = secretOf(kind, length);
    const info = await infoOf(secret);
    const file = parseKeyFile(await sealKeyFile(info, secret, 'correct horse', ports()));
    expect(file).toMatchObject({ ...info, encrypted: true });
    expect(await openKeyFile(file, 'correct horse', portableKdf)).toEqual(secret);
  });

  test('holds no secret in the clear', async () => {
    const secret = secretOf('words', 32);
    const text = new TextDecoder().decode(await sealKeyFile(await infoOf(secret), secret, 'pw', ports()));
    expect(text).not.toContain(toHex(secret.bytes));
    expect(text).not.toContain(toHex(await privateKeyOf(secret)));
  });

  test.each(frozen.files)('frozen: $what', async ({ file, passphrase, kind, secret }) => {
    const opened = await openKeyFile(parseKeyFile(bytesOf(file)), passphrase, portableKdf);
    expect(opened.kind).toBe(kind);
    expect(toHex(opened.bytes)).toBe(secret);
  });

  test('the reading of earlier versions opens what it was made with, once, and tells', async () => {
    const secret = secretOf('seed', 32);
    const made = parseKeyFile(await sealKeyFile(await infoOf(secret), secret, 'p\ufffdss', ports()));
    let tries = 0;
    let told = 0;
    const kdf: Kdf = (...given) => {
      tries += 1;
      return portableKdf(...given);
    };
    const refused = new WalletError('NOT_UTF8');
    const passphrase = { exact: refused, lossy: 'p\ufffdss', onLossy: () => (told += 1) };
    expect(await openKeyFile(made, passphrase, kdf)).toEqual(secret);
    expect([tries, told]).toEqual([1, 1]);
    const other = { ...passphrase, lossy: 'q\ufffdss' };
    await expect(openKeyFile(made, other, kdf)).rejects.toBe(refused);
    const marked = { ...passphrase, exact: 'secret', lossy: '\ufeffsecret' };
    const plain = parseKeyFile(await sealKeyFile(await infoOf(secret), secret, 'secret', ports()));
    expect(await openKeyFile(plain, marked, kdf)).toEqual(secret);
    expect([tries, told]).toEqual([3, 1]);
    const fault = await walletFault(() => openKeyFile(made, marked, kdf));
    expect(fault.code).toBe('WRONG_PASSPHRASE');
  });

  test('a passphrase is the same however its letters were composed', async () => {
    const secret = secretOf('seed', 32);
    const file = parseKeyFile(await sealKeyFile(await infoOf(secret), secret, 'caf\u00e9 \ufb01n', ports()));
    expect(await openKeyFile(file, 'cafe\u0301 fin', portableKdf)).toEqual(secret);
    expect((await walletFault(() => openKeyFile(file, 'cafe fin', portableKdf))).code).toBe(
      'WRONG_PASSPHRASE',
    );
    expect((await walletFault(() => openKeyFile(file, undefined, portableKdf))).code).toBe(
      'PASSPHRASE_NEEDED',
    );
  });

  test('any altered field keeps it shut', async () => {
    const secret = secretOf('words', 16);
    const json = jsonOf(await sealKeyFile(await infoOf(secret), secret, 'pw', ports()));
    const other = await infoOf(secretOf('seed', 32));
    const kdf = json.kdf as Record<string, unknown>;
    const flip = (text: unknown) => String(text).replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const altered = [
      { ...json, name: 'mallory' },
      { ...json, address: jsonOf(sealPlainKeyFile(other, secret)).address },
      { ...json, publicKey: toHex(other.publicKey) },
      { ...json, secret: 'seed' },
      { ...json, nonce: flip(json.nonce) },
      { ...json, kdf: { ...kdf, salt: flip(kdf.salt) } },
      { ...json, kdf: { ...kdf, n: 2 ** 11 } },
      { ...json, kdf: { ...kdf, p: 2 } },
      { ...json, ciphertext: flip(json.ciphertext) },
      { ...json, ciphertext: '' },
    ];
    for (const each of altered) {
      const fault = await walletFault(() => openKeyFile(parseKeyFile(bytesOf(each)), 'pw', portableKdf));
      expect(fault.code).toBe('WRONG_PASSPHRASE');
    }
    // Where a field stands in the file is no part of what is authenticated.
    const { ciphertext, ...rest } = json;
    expect(await openKeyFile(parseKeyFile(bytesOf({ ciphertext, ...rest })), 'pw', portableKdf)).toEqual(
      secret,
    );
  });

  test('a file that is not well-formed is refused before any work is done', async () => {
    const secret = secretOf('words', 16);
    const json = jsonOf(await sealKeyFile(await infoOf(secret), secret, 'pw', ports()));
    const kdf = json.kdf as Record<string, unknown>;
    const cases: [unknown, string][] = [
      [{ ...json, extra: 1 }, 'fields besides'],
      [{ ...json, kdf: { ...kdf, extra: 1 } }, 'fields besides'],
      [{ ...json, ciphertext: undefined }, 'ciphertext is missing'],
      [{ ...json, nonce: 'ab' }, 'nonce must be 48 digits'],
      [{ ...json, nonce: String(json.nonce).replace(/.$/, 'G') }, 'nonce must be'],
      [{ ...json, ciphertext: 5 }, 'ciphertext must be'],
      [{ ...json, publicKey: null }, 'publicKey must be 64'],
      [{ ...json, address: 'pier1' }, 'address'],
      [{ ...json, name: 7 }, 'name'],
      [{ ...json, secret: 'other' }, 'secret must be'],
      [{ ...json, version: 2 }, 'version'],
      [{ ...json, cipher: 'rot13' }, 'cipher must be'],
      [{ ...json, pier: 'node' }, 'not a key'],
      [{ ...json, kdf: 'scrypt' }, 'kdf must be scrypt'],
      [{ ...json, kdf: { ...kdf, name: 'md5' } }, 'kdf must be scrypt'],
      [{ ...json, kdf: { ...kdf, n: 2 ** 21 } }, 'power of two'],
      [{ ...json, kdf: { ...kdf, n: 2 ** 17 + 1 } }, 'power of two'],
      [{ ...json, kdf: { ...kdf, n: 512 } }, 'power of two'],
      [{ ...json, kdf: { ...kdf, n: '131072' } }, 'power of two'],
      [{ ...json, kdf: { ...kdf, n: 2 ** 20, r: 9 } }, '1 GiB'],
      [{ ...json, kdf: { ...kdf, r: 0 } }, 'scrypt r'],
      [{ ...json, kdf: { ...kdf, p: 5 } }, 'scrypt p'],
      [null, 'not a key'],
      [[], 'not a key'],
      ['key', 'not a key'],
    ];
    for (const [each, reason] of cases) {
      const fault = await walletFault(() => parseKeyFile(bytesOf(each)));
      expect(fault.code).toBe('BAD_KEY_FILE');
      expect(fault.message).toContain(reason);
    }
    for (const raw of ['', '{', '{"pier":"key"', '\ufffd\u0000']) {
      expect((await walletFault(() => parseKeyFile(new TextEncoder().encode(raw)))).message).toContain(
        'not JSON',
      );
    }
    expect((await walletFault(() => parseKeyFile(Uint8Array.of(0xff, 0xfe)))).message).toContain('not JSON');
    const padded = new TextEncoder().encode(`${JSON.stringify(json)}${' '.repeat(16_384)}`);
    expect((await walletFault(() => parseKeyFile(padded))).message).toContain('larger than');
  });

  test('the costs accepted go up to 1 GiB', () => {
    expect(costFault(DEFAULT_COST)).toBeNull();
    expect(costFault({ n: 2 ** 20, r: 8, p: 4 })).toBeNull();
    expect(costFault({ n: Number.NaN, r: 8, p: 1 })).not.toBeNull();
    expect(costFault({ n: Number.POSITIVE_INFINITY, r: 8, p: 1 })).not.toBeNull();
  });

  test('the derived key is erased, whatever happens', async () => {
    const handed: Uint8Array[] = [];
    const spy: Kdf = async (passphrase, salt, cost) => {
      const key = await portableKdf(passphrase, salt, cost);
      handed.push(passphrase, key);
      return key;
    };
    const secret = secretOf('seed', 32);
    const file = parseKeyFile(
      await sealKeyFile(await infoOf(secret), secret, 'pw', { ...ports(), kdf: spy }),
    );
    await openKeyFile(file, 'pw', spy);
    await walletFault(() => openKeyFile(file, 'no', spy));
    expect(handed).toHaveLength(6);
    for (const bytes of handed) expect(bytes.every((byte) => byte === 0)).toBe(true);
  });
});

describe('an unencrypted key file', () => {
  const secret = secretOf('words', 16);

  test('says what it is and gives the secret back', async () => {
    const bytes = sealPlainKeyFile(await infoOf(secret), secret);
    expect(jsonOf(bytes).warning).toBe('testnet only: not encrypted');
    const file = parseKeyFile(bytes);
    expect(file.encrypted).toBe(false);
    expect(await openKeyFile(file, undefined, portableKdf)).toEqual(secret);
  });

  test('without its warning, or with a secret that is not its own, is refused', async () => {
    const json = jsonOf(sealPlainKeyFile(await infoOf(secret), secret));
    const warned = await walletFault(() => parseKeyFile(bytesOf({ ...json, warning: 'safe' })));
    expect(warned.message).toContain('testnet only');
    const swapped = parseKeyFile(bytesOf({ ...json, plaintext: '00'.repeat(16) }));
    expect((await walletFault(() => openKeyFile(swapped, undefined, portableKdf))).message).toContain(
      'public key',
    );
    const short = parseKeyFile(bytesOf({ ...json, secret: 'seed' }));
    expect((await walletFault(() => openKeyFile(short, undefined, portableKdf))).code).toBe('BAD_SEED');
  });
});

test("Node's scrypt and the portable one give the same bytes (RFC 7914, section 12, and our cost)", async () => {
  const utf8 = new TextEncoder();
  const cost = { n: 1024, r: 8, p: 16 };
  const expected = 'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162';
  for (const kdf of [nodeKdf, portableKdf]) {
    expect(toHex(await kdf(utf8.encode('password'), utf8.encode('NaCl'), cost))).toBe(expected);
  }
  const salt = new Uint8Array(32).fill(9);
  const both = [nodeKdf, portableKdf].map((kdf) => kdf(utf8.encode('pw'), salt, DEFAULT_COST));
  const [native, portable] = await Promise.all(both);
  expect(native).toEqual(portable);
});
