/**
 * docs/PROOFS.md against the code: its worked example is a frozen proof, taken apart by the rules of the document alone;
 * its tables list all kinds and all faults. `UPDATE_DOCS=1` writes the example anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, toHex } from '../../chain/format/bytes.ts';
import { decodeProofFile, seal } from '../../chain/proof/proof-file.ts';
import { PROOF_FAULTS, ProofError } from '../../wallet/proof/faults.ts';
import { type KnownLedger, knowLedger } from '../../wallet/proof/known-ledger.ts';
import { verifyProof } from '../../wallet/proof/verify.ts';
import { Random } from '../chain/random.ts';
import { flipBit } from '../chain/vector-ids.ts';
import vectors from '../wallet/proof/vectors/proofs.json' with { type: 'json' };
import { judgeLiterally, type Ledger } from './proof-reader.ts';

const FILE = new URL('../../docs/PROOFS.md', import.meta.url);
const text = readFileSync(FILE, 'utf8');
const EXAMPLE = /```text example: (.+)\n([\s\S]*?)\n```/;
/** Hex of a line in the document. */
const LINE_BYTES = 36;
/** Altered files of each frozen proof. */
const TRIALS = 100;

interface Field {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly name: string;
}

/** The fields of a proof of an account whose block is the tip, in the order of the document. */
function takeApart(file: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const take = (name: string, length: number): number => {
    const bytes = file.subarray(at, at + length);
    fields.push({ at, bytes, name });
    at += length;
    return bytes.reduce((value, byte) => value * 256 + byte, 0);
  };
  take('magic', 7);
  take('version', 1);
  take('kind: account', 1);
  take('header of the tip', 181);
  const siblings = take('place of the genesis: siblings', 1);
  for (let i = 1; i <= siblings; i++) {
    take(`hash of sibling ${i}`, 32);
    take('its work: length', 1);
    take('its work', fields.at(-1)!.bytes[0]!);
  }
  take('block: it is the tip', 1);
  take('address', 20);
  take('state path: length', 2);
  const depth = take('depth', 2);
  take('bitmap of siblings that are not zeros', Math.ceil(depth / 8));
  const bits = [...fields.at(-1)!.bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  for (let i = 0; i < depth; i++) if (bits[i] === '1') take(`sibling at depth ${i + 1}`, 32);
  take("ends in the key's own leaf", 1);
  take('there is an entry', 1);
  const length = take('entry: length', 2);
  take('entry', length);
  take('H(pier/prf, all before)', 32);
  if (at !== file.length) throw new Error(`${file.length - at} bytes are left over`);
  return fields;
}

function render(file: Uint8Array): string {
  return takeApart(file)
    .flatMap(({ at, bytes, name }) => {
      const rows = toHex(bytes).match(new RegExp(`.{1,${2 * LINE_BYTES}}`, 'g'))!;
      return [`${String(at).padStart(4)}  ${name}`, ...rows.map((row) => `      ${row}`)];
    })
    .join('\n');
}

const rowsAfter = (heading: string): string[][] =>
  text
    .slice(text.indexOf(heading))
    .match(/(?:^\|.*\|\n)+/m)![0]
    .trim()
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

const shownLedger = (): Ledger & { readonly json: unknown } => {
  const json = JSON.parse(/```json genesis\n([\s\S]*?)\n```/.exec(text)![1]!);
  const [, id] = /```text chain id\n([0-9a-f]{64})\n```/.exec(text)!;
  const [bits, floorBits] = ['bits', 'floorBits'].map((name) => parseInt(json.difficulty[name], 16));
  return { chainId: Buffer.from(id!, 'hex'), bits: bits!, floorBits: floorBits!, json };
};

/** The code that `verify` gives, or 'true'. */
function judge(file: Uint8Array, known: KnownLedger): string {
  try {
    verifyProof(file, known);
    return 'true';
  } catch (error) {
    if (error instanceof ProofError) return error.code;
    throw error;
  }
}

describe('docs/PROOFS.md', () => {
  test('shows the ledger of its example, and the example can be checked from the document alone', async () => {
    const { json, ...ledger } = shownLedger();
    expect(json).toEqual(vectors.genesis);
    expect(toHex((await knowLedger(json)).chainId)).toBe(ledger.chainId.toString('hex'));
    const [, , shown] = EXAMPLE.exec(text)!;
    const hex = shown!.match(/^ {6}[0-9a-f]+$/gm)!.join('');
    const file = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(judgeLiterally(file, ledger)).toBe('true');
    expect(judgeLiterally(file, { ...ledger, bits: ledger.bits - 1 })).toBe('OTHER_LEDGER');
  });

  test('gives the order of faults: a literal reader names the same one of any altered file', async () => {
    const { json, ...ledger } = shownLedger();
    const known = await knowLedger(json);
    const random = new Random(5);
    const seen = new Map<string, number>();
    const files = Object.values(vectors.proofs).map((hex) => fromHex(hex));
    const tips = files.map((file) => file.subarray(9, 190));
    const compare = (file: Uint8Array, what: string): void => {
      const code = judge(file, known);
      expect([what, judgeLiterally(Buffer.from(file), ledger)]).toEqual([what, code]);
      seen.set(code, (seen.get(code) ?? 0) + 1);
    };
    for (const [i, whole] of files.entries()) {
      const content = whole.subarray(0, -32);
      compare(whole, `file ${i}`);
      for (let trial = 0; trial < TRIALS; trial++) {
        let altered: Uint8Array = content.slice();
        // Several places at once, so that one file has several faults.
        for (let change = 0; change <= trial % 3; change++) {
          const bit = random.below(8 * altered.length);
          altered[bit >> 3]! ^= 1 << (bit & 7);
        }
        if (trial % 5 === 0) altered.set(tips[random.below(tips.length)]!, 9);
        const at = random.below(altered.length);
        if (trial % 7 === 0)
          altered = concat(altered.subarray(0, at), altered.subarray(at + random.below(40)));
        compare(
          trial % 11 === 0 ? concat(altered, new Uint8Array(32)) : seal(altered),
          `file ${i}, trial ${trial}`,
        );
      }
      // The last byte of what it says: of a transaction's path, of a signature, of a hash.
      for (let bit = 0; bit < 8 * 600 && bit < 8 * content.length; bit += 23)
        compare(seal(flipBit(content, 8 * content.length - 1 - bit)), `file ${i}, ${bit} bits from its end`);
    }
    const codes = Object.keys(PROOF_FAULTS).filter(
      (code) => code !== 'BAD_VALUE' && code !== 'BAD_SIGNATURE',
    );
    expect([...seen.keys()]).toEqual(expect.arrayContaining(['true', ...codes]));
  });

  test('shows a proof that the code makes, by its own rules', () => {
    const [, name, shown] = EXAMPLE.exec(text)!;
    const file = fromHex(vectors.proofs[name as keyof typeof vectors.proofs]);
    if (process.env.UPDATE_DOCS === '1') {
      writeFileSync(FILE, text.replace(EXAMPLE, `\`\`\`text example: ${name}\n${render(file)}\n\`\`\``));
      return;
    }
    expect(shown).toBe(render(file));
  });

  test('numbers the kinds as the code does', () => {
    const names: Record<string, string> = {
      'history of an account': 'accountHistory',
      'history of a record': 'recordHistory',
    };
    const listed = new Map(
      rowsAfter('\n| kind | claim |').map(([kind, claim]) => [names[claim!] ?? claim!, Number(kind)]),
    );
    for (const hex of Object.values(vectors.proofs)) {
      const file = fromHex(hex);
      expect(listed.get(decodeProofFile(file).TAG)).toBe(file[8]);
    }
    expect(listed.size).toBe(7);
  });

  test('lists every fault', () => {
    const listed = rowsAfter('## Faults').map(([code, meaning]) => [code!.replaceAll('`', ''), meaning]);
    expect(listed).toEqual(Object.entries(PROOF_FAULTS).map(([code, [meaning]]) => [code, meaning]));
  });
});
