/**
 * docs/PROTOCOL.md against the code: every worked example is what the code gives, every table of offsets adds up, every
 * error code, message and domain is listed. `UPDATE_DOCS=1` writes the examples and the error codes anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_TABLE } from '../../chain/errors.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { DOMAIN } from '../../chain/format/hash.ts';
import { decodeHeader, HEADER_BYTES, type Header } from '../../chain/format/header.ts';
import { MESSAGES } from '../../p2p/messages.ts';
import { protocolExamples } from './protocol-examples.ts';

const FILE = new URL('../../docs/PROTOCOL.md', import.meta.url);
const text = readFileSync(FILE, 'utf8');

/** Hex of a line in the document. */
const LINE_CHARACTERS = 96;
/** A fenced block named `example: NAME`. */
const BLOCK = /```text example: (.+)\n([\s\S]*?)\n```/g;

const genesis: unknown = JSON.parse(/```json genesis\n([\s\S]*?)\n```/.exec(text)![1]!);

function folded(value: string): string {
  if (!/^[0-9a-f]+$/.test(value)) return value;
  return value.match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g'))!.join('\n');
}

const tables = [...text.matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) =>
  table
    .trim()
    .split('\n')
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ),
);
const columns = (...names: string[]): string[][][] =>
  tables.filter(([head]) => names.every((name, i) => head![i] === name)).map((table) => table.slice(2));

describe('docs/PROTOCOL.md', () => {
  it('shows examples that the code gives', async () => {
    const expected = await protocolExamples(genesis);
    if (process.env.UPDATE_DOCS === '1') {
      const codes = Object.entries(ERROR_TABLE).map(
        ([code, [kind, meaning]]) => `| \`${code}\` | ${kind} | ${meaning} |\n`,
      );
      const updated = text
        .replace(
          BLOCK,
          (_, name: string) => `\`\`\`text example: ${name}\n${folded(expected[name] ?? '?')}\n\`\`\``,
        )
        .replace(/(?<=^\| code \|.*\n\|.*\n)(?:^\|.*\n)+/m, codes.join(''));
      writeFileSync(FILE, updated);
      return;
    }
    const found = new Map(
      [...text.matchAll(BLOCK)].map(([, name, block]): [string, string] => [name!, block!]),
    );
    expect([...found.keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [name, block] of found) {
      expect([name, block.replaceAll(/\n(?=[0-9a-f]+$)/gm, '')]).toEqual([name, expected[name]!]);
    }
  });

  it('gives offsets that follow from the sizes', () => {
    const layouts = columns('kind', 'at', 'bytes', 'field').concat(
      columns('at', 'bytes', 'field').map((rows) => rows.map((row) => ['', ...row])),
    );
    expect(layouts.length).toBeGreaterThan(4);
    for (const rows of layouts) {
      let at = 0;
      for (const [kind, place, bytes, field] of rows) {
        if (kind !== '') at = Number(place);
        // After a field of variable length only sizes are given.
        if (place !== '') expect([field, place]).toEqual([field, String(at)]);
        at += Number(bytes);
      }
    }
  });

  it('gives offsets of the header that are those of the code', async () => {
    const rows = columns('at', 'bytes', 'field').find((table) =>
      table.some(([, , field]) => field === 'historyRoot'),
    )!;
    const { 'block header': hex } = await protocolExamples(genesis);
    const header = decodeHeader(fromHex(hex!));
    let end = 0;
    for (const [at, bytes, field] of rows) {
      end = Number(at) + Number(bytes);
      const value = header[field as keyof Header];
      const expected =
        typeof value === 'number' ? value.toString(16).padStart(2 * Number(bytes), '0') : toHex(value);
      expect([field, hex!.slice(2 * Number(at), 2 * end)]).toEqual([field, expected]);
    }
    expect([rows.length, end]).toEqual([Object.keys(header).length, HEADER_BYTES]);
  });

  it('lists every error code with its kind', () => {
    const rows = columns('code', 'kind', 'meaning').flat();
    const listed = rows.map(([code, kind, meaning]) => [code!.replaceAll('`', ''), [kind, meaning]]);
    expect(Object.fromEntries(listed)).toEqual(ERROR_TABLE);
  });

  it('lists every message with its type, largest frame, phase and role', () => {
    const listed = columns('type', 'message').flat();
    const known = Object.entries(MESSAGES).map(([name, { id, maxBytes, phase, role }]) => [
      `0x${id.toString(16).padStart(2, '0')}`,
      `\`${name}\``,
      maxBytes.toLocaleString('en'),
      phase,
      role,
    ]);
    expect(listed.map(([type, name, , ...rest]) => [type, name, ...rest])).toEqual(known);
  });

  it('lists every domain', () => {
    const listed = columns('domain', 'over')
      .flat()
      .map(([domain]) => domain!.replaceAll('`', ''));
    const known = Object.values(DOMAIN).map((domain) => String.fromCharCode(...domain));
    expect(listed.sort()).toEqual(known.sort());
  });
});
