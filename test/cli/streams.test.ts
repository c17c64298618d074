/** What goes to the terminal is fit for it, and what could not be written is an error. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { toJson } from '../../cli/output.ts';
import { showLines } from '../../cli/streams.ts';
import { PierHome } from './run-pier.ts';

const home = new PierHome();
const PASSPHRASE = 'correct horse';
beforeAll(async () => {
  await home.json(['key', 'new', 'alice', '--passphrase-stdin'], { input: PASSPHRASE });
});
afterAll(() => home.remove());

/** Runs a command whose stdout or stderr is a device on which there is never any space. */
function runFull(
  args: readonly string[],
  full: 'stdout' | 'stderr',
): Promise<{ code: number; other: string }> {
  const device = openSync('/dev/full', 'w');
  const entry = fileURLToPath(new URL('cli.js', inject('bundle')));
  return new Promise((resolve, reject) => {
    const stdio =
      full === 'stdout' ? (['pipe', device, 'pipe'] as const) : (['pipe', 'pipe', device] as const);
    const child = spawn(process.execPath, [entry, ...args], {
      env: { ...process.env, PIER_HOME: home.path },
      stdio: [...stdio],
    });
    let other = '';
    (full === 'stdout' ? child.stderr : child.stdout)!.setEncoding('utf8').on('data', (text) => {
      other += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      closeSync(device);
      resolve({ code: code ?? -1, other });
    });
    child.stdin!.on('error', () => {});
    child.stdin!.end(PASSPHRASE);
  });
}

describe.skipIf(!existsSync('/dev/full'))('output that could not be written', () => {
  test.each([
    [['--version']],
    [['--help']],
    [['key', '--help']],
    [['key', 'list']],
    [['key', 'list', '--json']],
    [['key', 'export', 'alice', '--passphrase-stdin']],
    [['key', 'show', 'alice', '--json']],
    [['sim', '--seed', '1', '--minutes', '1', '--nodes', '2', '--faults', 'none']],
  ])('is an error: %j', async (args) => {
    const { code, other } = await runFull(args, 'stdout');
    expect(code).toBe(1);
    expect(other).toMatch(/error: the answer could not be written: ENOSPC/);
    expect(other).toMatch(/hint: the disk is full/);
  });

  test('on stderr too', async () => {
    const { code, other } = await runFull(['key', 'export', 'alice', '--passphrase-stdin'], 'stderr');
    expect(code).toBe(1);
    expect(other.trim().split(' ')).toHaveLength(24);
  });

  test('a fault keeps its own exit code', async () => {
    expect((await runFull(['bogus'], 'stderr')).code).toBe(2);
    expect((await runFull(['bogus', '--json'], 'stdout')).code).toBe(2);
  });
});

test('a reader that has gone ends the command quietly, as it ends others', async () => {
  const child = home.spawn(['--help']);
  child.stdout.destroy();
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    told += text;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect([code, told]).toEqual([141, '']);
});

test('only one file writes to standard output and standard error', () => {
  const folder = fileURLToPath(new URL('../../cli', import.meta.url));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(50);
  const writing = files.filter((name) =>
    /process\s*\.\s*std(?:out|err)|console\s*\.|from 'picocolors'/.test(
      readFileSync(join(folder, name), 'utf8'),
    ),
  );
  expect(writing).toEqual(['streams.ts']);
});

describe('what a terminal gets', () => {
  test('lines and our own colours stay; all else that steers is escaped', () => {
    expect(showLines('a\n\x1b[31mb\x1b[39m\n')).toBe('a\n\x1b[31mb\x1b[39m\n');
    expect(showLines('a\x1b[2Jb\x1b]0;t\x07\rc\t')).toBe('a\\u{1b}[2Jb\\u{1b}]0;t\\u{7}\\rc\\t');
  });

  test('JSON is the same value, without a character that steers or hides', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = toJson({ text, [text]: [text] });
        expect(JSON.parse(json)).toEqual({ text, [text]: [text] });
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        expect(json).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]/);
      }),
    );
  });
});
