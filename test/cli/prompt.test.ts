/** Prompts edit like a terminal, at a terminal: what is typed, pasted and interrupted at `pier key`. */
import { afterAll, describe, expect, test } from 'vitest';
import { AtTerminal, HAS_PTY } from './pty.ts';
import { PierHome } from './run-pier.ts';

const home = new PierHome();
afterAll(() => home.remove());

const WORDS = `${'abandon '.repeat(11)}about`;
const LONG_WORDS = `${'abandon '.repeat(23)}art`;
let made = 0;
const nameOfNew = (): string => `key-${++made}`;

/** Makes a key with what is typed at each of the two questions; that it then opens with 'secret' shows what was taken. */
async function makeKey(first: string | Buffer, second: string, env = {}): Promise<string> {
  const name = nameOfNew();
  const terminal = new AtTerminal(home.path, ['key', 'new', name], env);
  await terminal.at(`passphrase of ${name}: `, first);
  await terminal.at('the same again: ', second);
  expect(await terminal.ended, terminal.shown).toBe(0);
  const words = await home.json(['key', 'export', name, '--passphrase-stdin'], { input: 'secret' });
  expect(words.text.split(' ')).toHaveLength(24);
  return terminal.shown;
}

describe.skipIf(!HAS_PTY)('a hidden prompt', { timeout: 120_000 }, () => {
  // Each key is made with a passphrase, which takes a second: so both questions are answered with edits.
  test.each([
    ['Ctrl-U; arrows, Home, End', 'wrong\x15secret\r', 'xecret\x1b[D\x1b[C\x1b[H\x1b[3~s\x1b[Fz\x7f\r'],
    [
      'Ctrl-A, Ctrl-E, Ctrl-W; bracketed paste',
      'ecret\x01s\x05 junk\x17\x7f\r',
      '\x1b[200~secret\x1b[201~\r',
    ],
    ['both lines at once', 'secret\rsecret\r', ''],
  ])('%s', async (_name, first, second) => {
    const shown = await makeKey(first, second);
    expect(shown).not.toMatch(/secret|wrong|junk/);
  });

  test('edits on a dumb terminal too, and writes no escapes to it', async () => {
    const shown = await makeKey('wrong\x15secrex\x7ft\r', 'secret\r', { TERM: 'dumb' });
    expect(shown).not.toContain('\x1b');
  });

  test('Ctrl-C and Ctrl-D end the command', async () => {
    for (const typed of ['sec\x03', '\x04']) {
      const terminal = new AtTerminal(home.path, ['key', 'new', nameOfNew()]);
      await terminal.at(': ', typed);
      expect(await terminal.ended, terminal.shown).toBe(130);
    }
  });

  test('bytes that are no UTF-8 are refused', async () => {
    const terminal = new AtTerminal(home.path, ['key', 'new', nameOfNew()]);
    await terminal.at(': ', Buffer.from('p\xe4ss\r', 'latin1'));
    expect(await terminal.ended).toBe(1);
    expect(terminal.shown).toContain('the terminal sent bytes that are no UTF-8');
  });

  test.each([
    ['one on each line', `${WORDS.replaceAll(' ', '\r')}\r`],
    ['24, one on each line', `${LONG_WORDS.replaceAll(' ', '\r\n')}\r\n`],
    [
      '24, twelve on each line',
      `${LONG_WORDS.split(' ').slice(0, 12).join(' ')}\r${LONG_WORDS.split(' ').slice(12).join(' ')}\r`,
    ],
  ])('words: %s', async (_name, typed) => {
    const name = nameOfNew();
    const terminal = new AtTerminal(home.path, ['key', 'import', name]);
    await terminal.at(': ', typed);
    await terminal.at(`passphrase of ${name}: `, 'secret\rsecret\r');
    expect(await terminal.ended, terminal.shown).toBe(0);
    expect(terminal.shown).not.toContain('abandon');
    const { text } = await home.json(['key', 'export', name, '--passphrase-stdin'], { input: 'secret' });
    expect([WORDS, LONG_WORDS]).toContain(text);
  });

  test.each([
    ['a false checksum', `${'abandon '.repeat(12)}\r`, 'checksum'],
    ['a word that is none', 'abandon abandno\r', '2 words'],
    ['no words', '\r', 'not 64 hex digits'],
  ])('words: %s is told before a passphrase is asked for', async (_name, typed, fault) => {
    const terminal = new AtTerminal(home.path, ['key', 'import', nameOfNew()]);
    await terminal.at(': ', typed);
    expect(await terminal.ended).toBe(1);
    expect(terminal.shown).toContain(fault);
    expect(terminal.shown).not.toContain('passphrase of');
  });
});
