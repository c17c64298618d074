/** The launcher in a small checkout of its own: when it builds, what it runs, and what it says when it can't. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let checkout: string;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'pier-launcher-'));
  mkdirSync(join(checkout, 'cli'));
  mkdirSync(join(checkout, 'chain'));
  for (const name of ['pier.mjs', 'freshness.mjs', 'build.mjs', 'package.json']) {
    cpSync(join(ROOT, 'cli', name), join(checkout, 'cli', name));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'), 'junction');
  write('chain/word.ts', "export const word: string = 'first';");
  write(
    'cli/main.ts',
    "const { word } = await import('../chain/word.ts');\nconsole.log(word, ...process.argv.slice(2));",
  );
});
afterEach(() => rmSync(checkout, { recursive: true, force: true }));

const write = (path: string, text: string): void => writeFileSync(join(checkout, path), text);
const inDist = (): string[] => readdirSync(join(checkout, 'dist'));

function launch(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(checkout, 'cli/pier.mjs'), ...args], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

test('builds on the first start, passes the arguments, and only runs on the second', async () => {
  expect(await launch('a', '--b')).toEqual({ code: 0, stdout: 'first a --b\n', stderr: '' });
  const [build] = inDist();
  // What stands in the bundle now can't come from a second build.
  const program = readdirSync(join(checkout, 'dist', build as string)).find((name) => name === 'cli.js');
  write(join('dist', build as string, program as string), "console.log('not built again');");
  expect(await launch()).toEqual({ code: 0, stdout: 'not built again\n', stderr: '' });
  expect(inDist()).toEqual([build]);
});

test('builds again when a source has changed, come or gone, and keeps the earlier bundle', async () => {
  await launch();
  write('chain/word.ts', "export const word: string = 'second';");
  expect((await launch()).stdout).toBe('second\n');
  write('chain/more.ts', '');
  await launch();
  expect(inDist()).toHaveLength(3);
  rmSync(join(checkout, 'chain/more.ts'));
  expect((await launch()).stdout).toBe('second\n');
  expect(inDist()).toHaveLength(3);
});

test('lets five start at once, and leaves one bundle', async () => {
  const outcomes = await Promise.all(Array.from({ length: 5 }, (_, i) => launch(String(i))));
  expect(outcomes).toEqual(outcomes.map((_, i) => ({ code: 0, stdout: `first ${i}\n`, stderr: '' })));
  expect(inDist()).toHaveLength(1);
});

test('keeps the newest five bundles', async () => {
  for (let i = 0; i < 7; i++) {
    write('chain/word.ts', `export const word = '${'x'.repeat(i)}';`);
    await launch();
  }
  expect(inDist()).toHaveLength(5);
  expect((await launch()).stdout).toBe('xxxxxx\n');
});

test('says where a source is broken, and leaves nothing behind', async () => {
  write('chain/word.ts', 'export const = 1;');
  const { code, stderr } = await launch();
  expect(code).toBe(1);
  expect(stderr).toContain('chain/word.ts:1:13');
  expect(inDist()).toEqual([]);
});

test('says what to run when the packages are missing', async () => {
  rmSync(join(checkout, 'node_modules'));
  const { code, stderr } = await launch();
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'pier: the packages are not installed; run: npm ci --ignore-scripts\n',
  });
});

test('runs the bundle it was packed with where there are no sources', async () => {
  await launch();
  rmSync(join(checkout, 'chain'), { recursive: true });
  rmSync(join(checkout, 'cli/main.ts'));
  rmSync(join(checkout, 'node_modules'));
  expect(await launch('a')).toEqual({ code: 0, stdout: 'first a\n', stderr: '' });
  rmSync(join(checkout, 'dist'), { recursive: true });
  expect(await launch()).toMatchObject({ code: 1, stderr: expect.stringContaining('neither sources') });
});

test('leaves an error of the program as it is', async () => {
  write('cli/main.ts', "throw new Error('a fault of ours');");
  const { code, stderr } = await launch();
  expect(code).toBe(1);
  expect(stderr).toMatch(/Error: a fault of ours\n\s+at /);
});
