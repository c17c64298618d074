/** A passphrase that is given for a new key protects it, or the command says why it can't. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newPassphrase } from '../../cli/passphrase.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pier-passphrase-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function passphraseIn(bytes: string | Uint8Array): Promise<string> {
  const passphraseFile = join(folder, 'secret');
  writeFileSync(passphraseFile, bytes);
  return newPassphrase({ passphraseFile }, 'alice');
}

test('the first line of a file is the passphrase', async () => {
  expect(await passphraseIn('\ufeffsecret\r\nmore')).toBe('secret');
});

test.each([
  ['an empty file', ''],
  ['a byte order mark alone', '\ufeff'],
  ['an empty first line', '\r\nsecret'],
])('%s is refused, and so leaves no key unencrypted', async (_, text) => {
  await expect(passphraseIn(text)).rejects.toMatchObject({ code: 'PASSPHRASE_NEEDED' });
});

test('a folder in place of the file is named', async () => {
  const given = newPassphrase({ passphraseFile: folder }, 'alice');
  await expect(given).rejects.toMatchObject({ code: 'USAGE', message: `${folder} is a folder` });
});
