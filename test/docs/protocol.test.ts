/**
 * docs/PROTOCOL.md against the code: every worked example is what the code gives, every table of offsets adds up, every
 * error code, message and domain is listed. `UPDATE_DOCS=1` writes the examples and the error codes anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_TABLE } from '../../chain/errors.ts';
import { BODY_TRANSACTIONS_MAX } from '../../chain/format/block.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { DOMAIN } from '../../chain/format/hash.ts';
import { decodeHeader, HEADER_BYTES, type Header } from '../../chain/format/header.ts';
import { BLOCK_BYTES_MAX } from '../../chain/format/params.ts';
import { TRANSACTION_BYTES_MAX } from '../../chain/format/transaction.ts';
import { FAULT_TABLE } from '../../p2p/faults.ts';
import * as limits from '../../p2p/limits.ts';
import { MESSAGES } from '../../p2p/messages.ts';
import { protocolExamples } from './protocol-examples.ts';

const FILE = new URL('../../docs/PROTOCOL.md', import.meta.url);
const text = readFileSync(FILE, 'utf8');

/** Hex of a line in the document. */
const LINE_CHARACTERS = 96;
/** A fenced block named `example: NAME`. */
const BLOCK = /```text example: (.+)\n([\s\S]*?)\n```/g;

/** Reasons to close a link, as the document lists them. */
const FAULT_ROWS = Object.entries(FAULT_TABLE).map(([code, [meaning, , minutes]]) => [
  `\`${code}\``,
  minutes === 0 ? '' : String(minutes),
  meaning,
]);

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

const number = (value: number): string => value.toLocaleString('en');
const seconds = (ms: number): string => `${ms / 1_000} s`;
const minutes = (ms: number): string => (ms === 600_000 ? 'ten minutes' : `${ms / 60_000} minutes`);
const kib = (bytes: number): string => `${bytes / 1_024} KiB`;

/** The limits and deadlines of the code that a request's row states. */
const REQUEST_WORDS: Readonly<Record<string, readonly string[]>> = {
  ping: [`${seconds(limits.PING_TIMEOUT_MS)}, then the link is closed`],
  getAddresses: [
    `${limits.ADDRESSES_MAX} addresses`,
    `within ${minutes(limits.ADDRESS_ANSWER_INTERVAL_MS)} of`,
  ],
  getTransactions: [
    `${limits.TRANSACTIONS_MAX} ids`,
    `${seconds(limits.TRANSACTION_TIMEOUT_MS)}, then another`,
  ],
  getHeaders: [
    `${limits.LOCATOR_MAX} ids, ${limits.HEADERS_MAX} headers`,
    `${seconds(limits.HEADERS_TIMEOUT_MS)}, then the link`,
  ],
  getBodies: [
    `${limits.BODIES_MAX} ids, ${limits.SERVING_MAX} bodies open`,
    `${seconds(limits.BODY_TIMEOUT_MS)} without any body`,
    limits.BODY_TIMEOUTS_MAX === 3 ? 'after three times in a row' : '?',
  ],
  getBlockTransactions: [
    limits.RECENT_BLOCKS === 4 ? 'the last four' : '?',
    `${number(BODY_TRANSACTIONS_MAX)} indexes`,
    `${seconds(limits.REBUILD_TIMEOUT_MS)}, then the whole body`,
  ],
};

/** Other values that the text states, in its words. */
const STATED: readonly (readonly [string, string])[] = [
  ['UNKNOWN_BYTES_MAX', `ignored when the link is ready, up to ${number(limits.UNKNOWN_BYTES_MAX)} bytes`],
  [
    'DEFERRED_FRAMES_MAX and DEFERRED_BYTES_MAX',
    `more than ${limits.DEFERRED_FRAMES_MAX} requests or ${kib(limits.DEFERRED_BYTES_MAX)} of requests`,
  ],
  ['HANDSHAKE_TIMEOUT_MS', `takes at most ${seconds(limits.HANDSHAKE_TIMEOUT_MS)}. - **Keeping alive.`],
  [
    'HANDSHAKE_TIMEOUT_MS, of two links',
    limits.HANDSHAKE_TIMEOUT_MS === 10_000 ? 'became ready ten seconds ago or earlier' : '?',
  ],
  ['PING_INTERVAL_MS', `when nothing has come for ${limits.PING_INTERVAL_MS / 1_000} seconds`],
  ['PING_MEASURE_MS', `and ${minutes(limits.PING_MEASURE_MS)} after each \`pong\``],
  [
    'EARLY_BLOCKS_MAX and EARLY_RETRY_MAX_MS',
    `At most ${limits.EARLY_BLOCKS_MAX} are kept whole, those whose time comes first, and none that is more than ${seconds(limits.EARLY_RETRY_MAX_MS)} too early`,
  ],
  ['ADDRESS_BYTES_MAX', `at most ${limits.ADDRESS_BYTES_MAX} bytes port`],
  ['ANNOUNCE_WINDOW_IDS', `told ${number(limits.ANNOUNCE_WINDOW_IDS)} ids at first`],
  ['VAIN_MAX', `at most ${number(limits.VAIN_MAX)} transactions that may yet be refused`],
  ['VAIN_PER_SECOND', `then for ${number(limits.VAIN_PER_SECOND)} a second`],
  [
    'ADDRESS_NEWS_MAX and ADDRESS_RELAY_LINKS',
    limits.ADDRESS_NEWS_MAX === 4 && limits.ADDRESS_RELAY_LINKS === 2
      ? 'at most four addresses has new ones, they are passed on to two peers'
      : '?',
  ],
  ['TRANSACTION_BYTES_MAX', `at most ${number(TRANSACTION_BYTES_MAX)} bytes (\`OVERSIZE\`)`],
  ['BLOCK_BYTES_MAX', `16,384 to ${number(BLOCK_BYTES_MAX)}`],
];

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
        .replace(/(?<=^\| code \| kind \|.*\n\|.*\n)(?:^\|.*\n)+/m, codes.join(''))
        .replace(
          /(?<=^\| code \| minutes \|.*\n\|.*\n)(?:FAULTROWS\n|(?:^\|.*\n)+)/m,
          FAULT_ROWS.map((row) => `| ${row.join(' | ')} |\n`).join(''),
        );
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

  it('lists every reason to close a link', () => {
    expect(columns('code', 'minutes').flat()).toEqual(FAULT_ROWS);
  });

  it('lists every phase with what may be sent in it', () => {
    const rows = columns('phase').flat();
    const names = Object.entries(MESSAGES);
    expect(rows.map(([phase]) => phase)).toEqual([...new Set(names.map(([, { phase }]) => phase))]);
    for (const [phase, sent] of rows) {
      const taken = names.filter((entry) => entry[1].phase === phase).map(([name]) => name);
      const listed = taken.length > 1 ? 'every other message' : `\`${taken[0]}\``;
      expect(sent).toMatch(new RegExp(`^${listed}`));
    }
  });

  it('lists every request with its answers, limits and deadline', () => {
    const rows = columns('request', 'answered by').flat();
    const requests = Object.entries(MESSAGES).filter(([, { role }]) => role === 'request');
    expect(rows.map(([name]) => name)).toEqual(requests.map(([name]) => `\`${name}\``));
    const answers = rows.flatMap((row) =>
      row
        .join()
        .match(/`[a-zA-Z]+`/g)!
        .map((name) => name.slice(1, -1)),
    );
    // Whatever has the role of an answer answers something, and addresses are a push that also answers.
    const roles = new Set(answers.filter((name) => !name.startsWith('get') && name !== 'ping'));
    const known = Object.entries(MESSAGES).filter(([, { role }]) => role === 'answer');
    expect(roles).toEqual(new Set(['addresses', ...known.map(([name]) => name)]));
    for (const [name, words] of Object.entries(REQUEST_WORDS))
      for (const word of words) expect(rows.find(([cell]) => cell === `\`${name}\``)!.join()).toContain(word);
  });

  it.each(STATED)('states the value of %s', (_, words) => {
    expect(text.replaceAll(/\s+/g, ' ')).toContain(words);
  });

  it('lists every domain', () => {
    const listed = columns('domain', 'over')
      .flat()
      .map(([domain]) => domain!.replaceAll('`', ''));
    const known = Object.values(DOMAIN).map((domain) => String.fromCharCode(...domain));
    expect(listed.sort()).toEqual(known.sort());
  });
});
