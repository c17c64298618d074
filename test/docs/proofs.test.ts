/**
 * docs/PROOFS.md against the code: its worked example is a frozen proof, taken apart by the rules of the document alone;
 * its tables list all kinds and all faults. `UPDATE_DOCS=1` writes the example anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { decodeProofFile } from '../../chain/proof/proof-file.ts';
import { PROOF_FAULTS } from '../../wallet/proof/faults.ts';
import vectors from '../wallet/proof/vectors/proofs.json' with { type: 'json' };

const FILE = new URL('../../docs/PROOFS.md', import.meta.url);
const text = readFileSync(FILE, 'utf8');
const EXAMPLE = /```text example: (.+)\n([\s\S]*?)\n```/;
/** Hex of a line in the document. */
const LINE_BYTES = 36;

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

describe('docs/PROOFS.md', () => {
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
