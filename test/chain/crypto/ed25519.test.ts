import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  isValidPublicKey,
  NobleVerifier,
  passesPrefilter,
  publicKeyOf,
  sign,
  verifyStrict,
} from '../../../chain/crypto/ed25519.ts';
import { concat, fromHex, toHex } from '../../../chain/format/bytes.ts';
import type { SignatureCheck } from '../../../chain/ledger/ports.ts';
import { ThreadPoolVerifier, verifyStrictNode } from '../../../node/verifier.ts';
import { drawFuzz, type FuzzRow } from './fuzz-draw.ts';
import rfc8032 from './vectors/rfc8032.json' with { type: 'json' };
import smallOrder from './vectors/small-order.json' with { type: 'json' };
import speccheck from './vectors/speccheck.json' with { type: 'json' };

const FUZZ_FILE = new URL('./vectors/fuzz.json', import.meta.url);
const FUZZ_SEED = 'pier/fuzz/1';

const encodings = smallOrder.encodings.map((hex) => fromHex(hex, 32));
const check = (publicKey: string, message: string, signature: string): SignatureCheck => ({
  publicKey: fromHex(publicKey),
  message: [fromHex(message)],
  signature: fromHex(signature),
});

/** All four ways to ask must say the same. */
async function expectVerdicts(checks: SignatureCheck[], expected: boolean[]): Promise<void> {
  expect(await new NobleVerifier().verify(checks)).toEqual(expected);
  expect(await new ThreadPoolVerifier().verify(checks)).toEqual(expected);
  expect(checks.map((c) => verifyStrict(c.publicKey, concat(...c.message), c.signature))).toEqual(expected);
  expect(checks.map((c) => verifyStrictNode(c.publicKey, concat(...c.message), c.signature))).toEqual(
    expected,
  );
}

/** Drawn anew with DRAW_VECTORS=1; the test below shows that the file is what the seed draws. */
function readFuzz(): FuzzRow[] {
  if (process.env.DRAW_VECTORS || !existsSync(FUZZ_FILE)) {
    const rows = drawFuzz(FUZZ_SEED, encodings);
    writeFileSync(FUZZ_FILE, `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
  }
  return JSON.parse(readFileSync(FUZZ_FILE, 'utf8'));
}

describe('Ed25519, rule L-strict', () => {
  it('signs and verifies the vectors of RFC 8032', async () => {
    for (const { secretSeed, publicKey, message, signature } of rfc8032.cases) {
      expect(toHex(publicKeyOf(fromHex(secretSeed)))).toBe(publicKey);
      expect(toHex(sign(fromHex(secretSeed), fromHex(message)))).toBe(signature);
    }
    const checks = rfc8032.cases.map((c) => check(c.publicKey, c.message, c.signature));
    expect(checks).toHaveLength(5);
    await expectVerdicts(checks, [true, true, true, true, true]);
  });

  it('accepts vector 3 alone of the 12 of speccheck', async () => {
    expect(speccheck.cases.map((c) => c.accept).indexOf(true)).toBe(3);
    expect(speccheck.cases.filter((c) => c.accept)).toHaveLength(1);
    await expectVerdicts(
      speccheck.cases.map((c) => check(c.publicKey, c.message, c.signature)),
      speccheck.cases.map((c) => c.accept),
    );
  });

  it('rejects the 196 vectors of ZIP-215 and every other pair of small-order encodings', async () => {
    expect(new Set(smallOrder.encodings).size).toBe(14);
    const pairs = encodings.flatMap((key) => encodings.map((r) => ({ key, r })));
    const message = new TextEncoder().encode('Zcash');
    for (const s of [0, 1, 8]) {
      const checks = pairs.map(({ key, r }) => {
        const signature = new Uint8Array(64);
        signature.set(r, 0);
        signature[32] = s;
        return { publicKey: key, message: [message], signature };
      });
      expect(checks).toHaveLength(196);
      await expectVerdicts(
        checks,
        checks.map(() => false),
      );
    }
  });

  it('has a prefilter that stops every small-order encoding, as key and as R', () => {
    const key = publicKeyOf(new Uint8Array(32).fill(7));
    const good = sign(new Uint8Array(32).fill(7), new Uint8Array());
    expect(isValidPublicKey(key)).toBe(true);
    expect(passesPrefilter(key, good)).toBe(true);
    for (const encoding of encodings) {
      expect(isValidPublicKey(encoding)).toBe(false);
      expect(passesPrefilter(encoding, good)).toBe(false);
      expect(passesPrefilter(key, Uint8Array.from([...encoding, ...good.slice(32)]))).toBe(false);
    }
    expect(isValidPublicKey(key.slice(1))).toBe(false);
    expect(isValidPublicKey(new Uint8Array(33))).toBe(false);
  });

  it('gives the frozen verdict on every fuzz case, in both implementations', async () => {
    const rows = readFuzz();
    expect(rows.length).toBeGreaterThanOrEqual(500);
    await expectVerdicts(
      rows.map(([, publicKey, message, signature]) => check(publicKey, message, signature)),
      rows.map(([, , , , accept]) => accept),
    );
  }, 60_000);

  it('has fuzz cases on both sides of the line, drawn from the seed and judged by the oracle', () => {
    const rows = readFuzz();
    expect(drawFuzz(FUZZ_SEED, encodings)).toEqual(rows);
    const accepted = (kind: string): number => rows.filter((row) => row[0] === kind && row[4]).length;
    const drawn = (kind: string): number => rows.filter((row) => row[0] === kind).length;
    expect(accepted('valid')).toBe(drawn('valid'));
    for (const kind of ['mixedKey', 'mixedBoth']) {
      expect(accepted(kind)).toBeGreaterThan(0);
      expect(accepted(kind)).toBeLessThan(drawn(kind));
    }
    const never = ['mixedR', 'smallKey', 'smallR', 'sPlusL', 'edgeS', 'bitFlips', 'signFlips', 'garbage'];
    for (const kind of [...never, 'wrongLength', 'nonCanonicalY', 'swapped']) {
      expect(drawn(kind)).toBeGreaterThan(0);
      expect(accepted(kind), kind).toBe(0);
    }
  }, 60_000);
});
