/** The files of what was signed: which are taken, and what their locks leave behind. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import { Outbox } from '../../cli/outbox.ts';
import { decodeOutbox } from '../../wallet/outbox.ts';
import { addressFor } from '../chain/actors.ts';

const account = formatAddress(addressFor('alice'));
const chainId = '5c'.repeat(32);
let keys: string;
beforeEach(() => {
  keys = mkdtempSync(join(tmpdir(), 'pier-outbox-'));
});
afterEach(() => rmSync(keys, { recursive: true, force: true }));

test('a record without a checksum is taken only in the form of version 1', () => {
  new Outbox(keys, account, chainId).write([], { nonce: 1, work: 10n });
  const [name] = readdirSync(join(keys, 'outbox'));
  const text = readFileSync(join(keys, 'outbox', name!), 'utf8');
  const { seen, ...rest } = JSON.parse(text.slice(text.indexOf('\n')));
  const decode = (document: object) => decodeOutbox(Buffer.from(JSON.stringify(document)));
  expect(decode({ version: 1, ...rest })).toMatchObject({ seen: null, entries: [] });
  for (const document of [rest, { seen, ...rest }, { version: 1, seen, ...rest }, { version: 2, ...rest }]) {
    expect(() => decode(document)).toThrow('its first line is missing');
  }
});

test('one command at a time signs for an account, and the lock of one that is followed is left alone', async () => {
  const outbox = new Outbox(keys, account, chainId);
  let free = (): void => {};
  const held = outbox.exclusively(() => new Promise<void>((resolve) => (free = resolve)));
  const other = new Outbox(keys, account, chainId, 0);
  await expect(other.exclusively(async () => {})).rejects.toMatchObject({ code: 'ACCOUNT_BUSY' });
  free();
  await held;
  const id = 'ab'.repeat(32);
  const life = await outbox.claim(id);
  await other.sweep();
  expect(await other.claim(id)).toBe(null);
  life!.release();
  const folder = join(keys, 'outbox');
  const locks = () => readdirSync(folder).filter((name) => name.includes('.life'));
  // Elsewhere the lock is a file of that name alone. Earlier versions named it by the id alone.
  writeFileSync(join(folder, locks()[0]!.replace(/abab(.*\.life).*$/, 'cdcd$1')), '');
  writeFileSync(join(folder, `${'ef'.repeat(8)}.life.x0123456789abcdef`), '');
  expect(locks().some((name) => name.endsWith('.life'))).toBe(true);
  await other.sweep();
  expect(locks()).toEqual([]);
});
