/**
 * Proofs against the genesis: every kind says the truth, and no bit of one can be changed without being refused, the
 * hash at its end or not. `UPDATE_VECTORS=1` freezes them anew, which takes some mining.
 */
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { concat, fromHex } from '../../../chain/format/bytes.ts';
import { decodeProofFile, encodeProofFile, seal } from '../../../chain/proof/proof-file.ts';
import { deepenProof } from '../../../wallet/proof/deepen.ts';
import { ProofError } from '../../../wallet/proof/faults.ts';
import { type KnownLedger, knowLedger } from '../../../wallet/proof/known-ledger.ts';
import { type VerifiedProof, verifyProof } from '../../../wallet/proof/verify.ts';
import { Random } from '../../chain/random.ts';
import { flipBit } from '../../chain/vector-ids.ts';
import { type FrozenProofs, isTrue, makeProvedLedger, type ProvedLedger } from './proved-ledger.ts';
import vectors from './vectors/proofs.json' with { type: 'json' };

const frozen: FrozenProofs = vectors;
const NAMES = Object.keys(frozen.proofs);
const CHECKSUM_BITS = 256;
let real: ProvedLedger;
let known: KnownLedger;

const fileOf = (name: string): Uint8Array => fromHex(frozen.proofs[name]!);
const reseal = (bytes: Uint8Array): Uint8Array => seal(bytes.subarray(0, bytes.length - CHECKSUM_BITS / 8));

/** What it shows, or the code of what is wrong with it. Anything else that is thrown is a bug. */
function judge(bytes: Uint8Array): VerifiedProof | string {
  try {
    return verifyProof(bytes, known);
  } catch (error) {
    if (error instanceof ProofError) return error.code;
    throw error;
  }
}

beforeAll(async () => {
  const update = process.env.UPDATE_VECTORS === '1';
  real = await makeProvedLedger(update ? undefined : frozen.nonces);
  known = await knowLedger(frozen.genesis);
  if (update) {
    const file = new URL('vectors/proofs.json', import.meta.url);
    writeFileSync(file, `${JSON.stringify(real.frozen, null, 2)}\n`);
  }
}, 120_000);

describe('a proof', () => {
  test('is what the ledger makes, byte for byte', () => {
    expect(real.frozen).toEqual(frozen);
  });

  test.each(NAMES)('of %s is true, names its block and its tip, and says what it leaves open', (name) => {
    const proof = verifyProof(fileOf(name), known);
    expect(isTrue(real, proof)).toBe(true);
    expect(proof.notChecked.length).toBeGreaterThan(0);
    expect(encodeProofFile(decodeProofFile(fileOf(name)))).toEqual(fileOf(name));
  });

  test('tells presence from absence, and a part of a history from the whole', () => {
    const shown = (name: string) => verifyProof(fileOf(name), known).value;
    expect(shown('account')).toMatchObject({ nonce: 5 });
    expect(shown('absent account')).toBe(null);
    expect(shown('record')).toMatchObject({ revision: 3, dropped: false });
    expect(shown('dropped record')).toMatchObject({ dropped: true });
    expect(shown('absent record')).toBe(null);
    expect(shown('account history')).toMatchObject({ earlier: 0, transactions: { length: 6 } });
    expect(shown('last of an account history')).toMatchObject({ earlier: 4, transactions: { length: 2 } });
    expect(shown('record history')).toMatchObject({ earlier: 0, transactions: { length: 4 } });
  });

  test('counts the work that stands on a block, and how much of it was seen here', () => {
    const own = 65_537n;
    const of = (name: string) => {
      const { work, workOnTop, workChecked } = verifyProof(fileOf(name), known);
      return [work / own, workOnTop / own, workChecked / own];
    };
    expect(of('account at genesis')).toEqual([1n, 1n, 0n]);
    expect(of('account')).toEqual([13n, 1n, 1n]);
    expect(of('transaction')).toEqual([13n, 10n, 2n]);
    expect(of('block that is the genesis')).toEqual([13n, 13n, 1n]);
    expect(verifyProof(fileOf('account'), known).notChecked.join()).toContain('block 12');
  });

  test('can be seen from a later tip, with more work on it', () => {
    const early = fileOf('account at block 9');
    const late = verifyProof(deepenProof(early, fileOf('block 9')), known);
    expect(isTrue(real, late)).toBe(true);
    expect(late).toMatchObject({ block: { header: { height: 9 } }, tip: { header: { height: 12 } } });
    expect(late.workOnTop).toBe(4n * verifyProof(early, known).workOnTop);
    expect(() => deepenProof(early, fileOf('block'))).toThrow(
      expect.objectContaining({ code: 'NOT_IN_CHAIN' }),
    );
    expect(() => deepenProof(early, early)).toThrow(expect.objectContaining({ code: 'PROOF_MALFORMED' }));
  });

  test('is refused, and never worse, with any piece cut out or put in', () => {
    const random = new Random(11);
    for (const name of NAMES) {
      const file = fileOf(name);
      for (let i = 0; i < 300; i++) {
        const at = random.below(file.length);
        const skip = random.below(40);
        const put = Uint8Array.from({ length: random.below(40) }, () => random.below(256));
        const verdict = judge(reseal(concat(file.subarray(0, at), put, file.subarray(at + skip))));
        if (skip + put.length > 0 && typeof verdict !== 'string') expect(isTrue(real, verdict)).toBe(true);
        expect(judge(file.subarray(0, at))).toMatch(/^(NOT_A_PROOF|PROOF_VERSION|PROOF_DAMAGED)$/);
      }
    }
  });
});

describe('a proof with one bit changed', () => {
  test.each(NAMES)('of %s is refused, whichever bit it is', (name) => {
    const file = fileOf(name);
    for (let bit = 0; bit < 8 * file.length; bit++) {
      const expected = bit < 56 ? 'NOT_A_PROOF' : bit < 64 ? 'PROOF_VERSION' : 'PROOF_DAMAGED';
      expect(judge(flipBit(file, bit)), `bit ${bit}`).toBe(expected);
    }
  });

  test.each(NAMES)(
    'of %s and with its hash made anew is refused, or says something else that is true',
    (name) => {
      const file = fileOf(name);
      const honest: string[] = [];
      for (let bit = 0; bit < 8 * file.length - CHECKSUM_BITS; bit++) {
        const verdict = judge(reseal(flipBit(file, bit)));
        if (typeof verdict === 'string') continue;
        expect(isTrue(real, verdict), `bit ${bit}`).toBe(true);
        honest.push(`${verdict.kind} ${verdict.value}`);
      }
      // Only what isn't there has true neighbours: another name that isn't there either, at the end of the same path.
      const expected = name.startsWith('absent') ? [`${name.slice(7)} null`] : [];
      expect([...new Set(honest)]).toEqual(expected);
    },
  );
});
