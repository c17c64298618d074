/** The house rules of CONTRIBUTING.md, checked; and each check proved able to fail. */
import { describe, expect, test } from 'vitest';
import { readCheckout } from './tidy/checkout.ts';
import { checkFirstComment, checkLength, checkNames, checkSaid, type TextFile } from './tidy/files.ts';
import { checkCycles, checkLayers, checkPureImports, type Finding } from './tidy/layers.ts';
import { readSource } from './tidy/lexer.ts';
import { checkLock, checkReasons, checkVersions } from './tidy/packages.ts';
import { checkExceptions, checkWords, type Exception } from './tidy/words.ts';

/** Where a banned word is right. Every line needs its reason, and goes when the word does. */
const EXCEPTIONS: readonly Exception[] = [
  {
    path: 'sim/schedule.ts',
    word: 'process',
    reason: 'only the platform knows that no promise has anything left to do: its next tick comes then',
  },
];

const files = readCheckout();
const sources = files
  .filter(({ path }) => /\.[cm]?[jt]s$/.test(path))
  .map(({ path, text }) => readSource(path, text));
const fileAt = (path: string): TextFile => files.find((file) => file.path === path) ?? { path, text: '' };

const describeFindings = (findings: readonly Finding[]): string =>
  findings.map(({ path, line, rule, advice }) => `${path}:${line} ${rule}: ${advice}`).join('\n');
const expectNone = (findings: readonly Finding[]): void => expect(describeFindings(findings)).toBe('');
const found = (findings: readonly Finding[]): string[] => findings.map(({ path, line }) => `${path}:${line}`);

describe('the checkout', () => {
  test('is what was read', () => {
    expect(files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['package.json', '.ci/run', 'chain/errors.ts', 'test/tidy.test.ts']),
    );
  });
  test('imports go down the layers', () => expectNone(checkLayers(sources)));
  test('has no import cycle', () => expectNone(checkCycles(sources)));
  test('keeps the world out of what the simulator and a browser run', () => {
    expectNone(checkPureImports(sources));
    expectNone(checkWords(sources, EXCEPTIONS));
    expectNone(checkExceptions(sources, EXCEPTIONS));
  });
  test('has files with a name, a first comment and an end', () => {
    expectNone(checkNames(files));
    expectNone(checkFirstComment(files));
    expectNone(checkLength(files));
  });
  test('reads state entries through the tree: one file has the key of their rows', () => {
    const inside = sources.filter(({ path }) => /^(?:chain|p2p|wallet|node|cli)\//.test(path));
    const users = inside.filter(({ code }) => /\bstateRow\b/.test(code)).map(({ path }) => path);
    expect(users.sort()).toEqual(['chain/ledger/state-reader.ts', 'chain/ledger/store-keys.ts']);
  });
  test('leaves no notes and names no machine', () => expectNone(checkSaid(files)));
  test('depends on exact versions, each for a reason', () => {
    expectNone(checkVersions(fileAt('package.json')));
    const decisions = files.filter(({ path }) => path.startsWith('docs/decisions/'));
    expectNone(checkReasons(fileAt('package.json'), decisions));
    expectNone(checkLock(fileAt('package-lock.json')));
  });
});

describe('the lexer', () => {
  const code = (text: string): string => readSource('a.ts', text).code.replace(/\s+/g, ' ').trim();

  test.each([
    ['a // Date\nb', 'a b'],
    ['a /* Date\n Date */ b', 'a b'],
    ['a(\'Date\', "Date\\" Date") + b', 'a( , ) + b'],
    [
      'a(`Date \x24{Date.now(`Date \x24{{ x: 1 }.x} Date`)} Date \\` Date`) + b',
      'a( Date.now( { x: 1 }.x ) ) + b',
    ],
    ['a = /Date[/"]\\//g; b', 'a = g; b'],
    ['return /Date/.test(b)', 'return .test(b)'],
    ['a / Date / b', 'a / Date / b'],
    ['f(a) / Date', 'f(a) / Date'],
    ['#!/usr/bin/env Date\na', 'a'],
    ["a 'Date", 'a'],
  ])('reads the code of %j', (text, expected) => expect(code(text)).toBe(expected));

  test('keeps every line where it was', () => {
    const text = '/* a\nb */\nconst c = `\n\x24{\nd}\n`;\n// e\nf';
    const lines = readSource('a.ts', text).code.split('\n');
    expect([lines.length, lines[2], lines[4], lines[7]]).toEqual([
      8,
      expect.stringContaining('const c'),
      'd ',
      'f',
    ]);
  });

  test('finds every kind of import, and nothing else', () => {
    const { imports } = readSource(
      'a.ts',
      `import a from './a.ts';
import type { B } from './b.ts';
import {
  c,
} from './c.ts';
export * from './d.ts';
import './e.ts';
const f = await import('./f.ts');
const g: import('./g.ts').G = Uint8Array.from('./no.ts');
// import './no.ts'
const h = "import './no.ts'";`,
    );
    expect(imports.map(({ specifier, line }) => `${line}${specifier}`)).toEqual([
      '1./a.ts',
      '2./b.ts',
      '5./c.ts',
      '6./d.ts',
      '7./e.ts',
      '8./f.ts',
      '9./g.ts',
    ]);
  });
});

describe('each rule can fail', () => {
  const tree = (content: Record<string, string>) =>
    Object.entries(content).map(([path, text]) => readSource(path, text));

  test.each([
    ['chain/a.ts', '../p2p/b.ts'],
    ['chain/deep/a.ts', '../../node/b.ts'],
    ['p2p/a.ts', '../wallet/b.ts'],
    ['wallet/a.ts', '../p2p/b.ts'],
    ['node/a.ts', '../wallet/b.ts'],
    ['node/a.ts', '../sim/b.ts'],
    ['sim/a.ts', '../cli/b.ts'],
    ['cli/a.ts', '../test/b.ts'],
  ])('layers: %s imports %s', (path, target) => {
    expect(found(checkLayers(tree({ [path]: `\nimport type { B } from '${target}';` })))).toEqual([
      `${path}:2`,
    ]);
  });

  test.each([
    ['p2p/a.ts', '../chain/b.ts'],
    ['node/a.ts', '../p2p/b.ts'],
    ['sim/a.ts', '../wallet/b.ts'],
    ['cli/a.ts', '../sim/b.ts'],
    ['chain/x/a.ts', '../y/b.ts'],
    ['chain/a.ts', '@noble/hashes/sha2.js'],
    ['cli/a.ts', '../genesis.json'],
    ['test/a.ts', '../cli/b.ts'],
  ])('layers: %s may import %s', (path, target) => {
    expect(checkLayers(tree({ [path]: `import '${target}';` }))).toEqual([]);
  });

  test('cycles: of two, of three, of types, of itself; not a diamond', () => {
    const ab = { 'chain/a.ts': "import './b.ts';", 'chain/b.ts': "import type { A } from './a.ts';" };
    expect(found(checkCycles(tree(ab)))).toEqual(['chain/b.ts:1']);
    const abc = { 'a.ts': "import './b.ts';", 'b.ts': "import './c.ts';", 'c.ts': "import './a.ts';" };
    expect(checkCycles(tree(abc))[0]?.rule).toContain('a.ts -> b.ts -> c.ts -> a.ts');
    expect(checkCycles(tree({ 'a.ts': "import './a.ts';" }))).toHaveLength(1);
    const diamond = {
      'a.ts': "import './b.ts'; import './c.ts';",
      'b.ts': "import './d.ts';",
      'c.ts': "import './d.ts';",
    };
    expect(checkCycles(tree({ ...diamond, 'd.ts': '' }))).toEqual([]);
  });

  test('pure imports: also of what the simulator reaches in node/, and of that only', () => {
    const content = {
      'sim/a.ts': "import '../node/reactor.ts';",
      'node/reactor.ts': "import './clock.ts';",
      'node/clock.ts': "import 'node:fs';\nimport { WebSocket } from 'ws';\nDate.now();",
      'node/main.ts': "import 'node:fs'; import 'ws'; Date.now();",
    };
    expect(found(checkPureImports(tree(content)))).toEqual(['node/clock.ts:1', 'node/clock.ts:2']);
    expect(found(checkWords(tree(content), []))).toEqual(['node/clock.ts:3']);
    expect(found(checkPureImports(tree({ 'wallet/a.ts': "import { x } from 'node:crypto';" })))).toEqual([
      'wallet/a.ts:1',
    ]);
  });

  test.each([
    ...['Date.now()', 'new Date()', 'Math.random()', 'setTimeout(f, 1)', 'setInterval(f)', 'setImmediate(f)'],
    ...[
      'process.env',
      'process?.env',
      'Buffer.from(a)',
      'let a: Buffer',
      'console.log(a)',
      'performance.now()',
    ],
    ...['globalThis.a', 'queueMicrotask(f)', "require('a')", 'let a: NodeJS.Timeout'],
  ])('words: %s in every pure folder', (text) => {
    const content = tree(
      Object.fromEntries(['chain', 'p2p', 'wallet', 'sim'].map((name) => [`${name}/a.ts`, text])),
    );
    expect(found(checkWords(content, []))).toEqual([
      'chain/a.ts:1',
      'p2p/a.ts:1',
      'wallet/a.ts:1',
      'sim/a.ts:1',
    ]);
    expect(checkWords(tree({ 'node/a.ts': text, 'cli/a.ts': text }), [])).toEqual([]);
  });

  test.each([
    ...[
      'a.process()',
      'this.#process.b',
      'function process(b) {}',
      'ArrayBuffer',
      'DateRange',
      'a.Date',
      '{ console: 1 }',
    ],
    ...["'Date.now()'", '// Date.now()', '/* process.env */', 'new TextEncoder()', 'Math.floor(1 / 2)'],
  ])('words: %s is fine', (text) => expect(checkWords(tree({ 'chain/a.ts': text }), [])).toEqual([]));

  test.each([
    ['crypto.getRandomValues(a)', ['chain', 'p2p', 'sim']],
    ['randomBytes(32)', ['chain', 'p2p', 'sim']],
    ['Math.log(2)', ['chain', 'p2p', 'sim']],
    ['Math.exp(2)', ['chain', 'p2p', 'sim']],
    ['Math.pow(2, a)', ['chain', 'p2p', 'sim']],
    ['a * 0.5', ['chain']],
    ['a * 1e-3', ['chain']],
    ['Math.sqrt(a)', ['chain']],
    ['parseFloat(a)', ['chain']],
  ])('words: %s in %j', (text, folders) => {
    const content = tree(
      Object.fromEntries(['chain', 'p2p', 'wallet', 'sim'].map((name) => [`${name}/a.ts`, text])),
    );
    expect(found(checkWords(content, []))).toEqual(folders.map((name) => `${name}/a.ts:1`));
  });

  test('exceptions: excuse one word of one file, and only while it is there', () => {
    const content = tree({ 'p2p/a.ts': 'Date.now(); console.log();', 'p2p/b.ts': 'Date.now();' });
    const known = [{ path: 'p2p/a.ts', word: 'Date', reason: 'a test' }];
    expect(checkWords(content, known).map(({ path, rule }) => `${path} ${rule}`)).toEqual([
      'p2p/a.ts uses console',
      'p2p/b.ts uses Date',
    ]);
    expect(checkExceptions(content, known)).toEqual([]);
    expect(found(checkExceptions(tree({ 'p2p/a.ts': '' }), known))).toEqual(['p2p/a.ts:1']);
  });

  test('names', () => {
    const paths = [
      'chain/utils.ts',
      'p2p/types.ts',
      'cli/index.ts',
      'test/util.mjs',
      'chain/reindex.ts',
      'docs/index.html',
    ];
    expect(found(checkNames(paths.map((path) => ({ path, text: '' }))))).toEqual(
      paths.slice(0, 4).map((path) => `${path}:1`),
    );
  });

  test('length: 300 lines are fine, 301 are not, but in a test or a vector', () => {
    const text = '// a\n'.repeat(301);
    const long = ['chain/a.ts', 'test/b.ts', 'test/c.test.ts', 'test/vectors/d.ts', 'docs/e.md'];
    expect(found(checkLength(long.map((path) => ({ path, text }))))).toEqual([
      'chain/a.ts:301',
      'test/b.ts:301',
    ]);
    expect(checkLength([{ path: 'chain/a.ts', text: '// a\n'.repeat(300) }])).toEqual([]);
  });

  test('first comment', () => {
    const bare = { path: 'chain/a.ts', text: 'const a = 1; // late' };
    const fine = ['// a', '/** a */', '#!/usr/bin/env node\n/** a */'].map((text) => ({
      path: 'cli/b.mjs',
      text,
    }));
    expect(found(checkFirstComment([bare, ...fine]))).toEqual(['chain/a.ts:1']);
  });

  test.each([
    ['TO', 'DO: later'],
    ['FIX', 'ME'],
    ['// X', 'XX'],
    ['see /ho', 'me/me/a'],
    ['"/Us', 'ers/me"'],
    ['(/ro', 'ot/a)'],
    ['registry', '.example.org'],
  ])('said: %s%s', (start, end) => {
    expect(found(checkSaid([{ path: 'docs/a.md', text: `\n${start}${end}` }]))).toEqual(['docs/a.md:2']);
  });

  test('said: words that only look alike', () => {
    const text = 'todos a/home/b ./work/c a registry of records, registry.ts';
    expect(checkSaid([{ path: 'docs/a.md', text }])).toEqual([]);
  });

  test('packages', () => {
    const path = 'package.json';
    const text =
      '{"dependencies":{"a":"1.2.3","@b/c":"1.0.0-rc.1"},\n"devDependencies":{"d":"^1.2.3","e":"latest","f":"1.x"}}';
    expect(checkVersions({ path, text }).map(({ rule }) => rule)).toEqual([
      'asks for d ^1.2.3',
      'asks for e latest',
      'asks for f 1.x',
    ]);
    const decisions = [{ path: 'docs/decisions/0001-a.md', text: 'we use `a` for b/c' }];
    expect(checkReasons({ path, text }, decisions).map(({ rule }) => rule)).toEqual([
      'depends on @b/c, which no decision explains',
    ]);
    const lock = '{"resolved": "cli", "link": true},\n{"resolved": "https://example.org/a.tgz"}';
    expect(found(checkLock({ path: 'package-lock.json', text: lock }))).toEqual(['package-lock.json:2']);
  });
});
