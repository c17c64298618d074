/** Owns which words of the language a folder may not use, and what to use instead. */
import { type Finding, reachFromPure } from './layers.ts';
import { lineAt, type Source } from './lexer.ts';

interface BannedWord {
  readonly pattern: RegExp;
  readonly word: string;
  readonly advice: string;
}

/** A word as a value of its own: neither a property of something else nor the start of a longer name. */
const bare = (name: string, after = ''): RegExp => new RegExp(`(?<![\\w.$#])${name}\\b${after}`, 'g');
/** Reached into, or called: a method or a key of the same name is nobody's business. */
const USED = '(?=\\s*(?:\\?\\.|[.\\[]))';
const CALLED = '(?=\\s*\\()';

/** The world leaks in through these. They are banned where the simulator must be able to replay a run. */
const WORLD: readonly BannedWord[] = [
  { pattern: bare('Date'), word: 'Date', advice: 'take the time as an argument (`now`)' },
  { pattern: bare('performance', USED), word: 'performance', advice: 'take the time as an argument (`now`)' },
  { pattern: bare('Math\\.random'), word: 'Math.random', advice: 'take the random source as a port' },
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'].map((name) => ({
    pattern: bare(name),
    word: name,
    advice: 'keep a deadline in the state and let the caller wake you',
  })),
  { pattern: bare('process', USED), word: 'process', advice: 'take what you need as an argument' },
  { pattern: bare('Buffer'), word: 'Buffer', advice: 'use Uint8Array and chain/format/bytes.ts' },
  { pattern: bare('NodeJS'), word: 'NodeJS', advice: 'use a type of the language itself' },
  { pattern: bare('console', USED), word: 'console', advice: 'return an effect or take a logger as a port' },
  { pattern: bare('globalThis'), word: 'globalThis', advice: 'take what you need as an argument' },
  { pattern: bare('require', CALLED), word: 'require', advice: 'use import' },
];

/** The wallet makes keys, so it alone may draw real randomness. */
const ENTROPY: readonly BannedWord[] = [
  { pattern: bare('crypto', USED), word: 'crypto', advice: 'take the random source as a port' },
  { pattern: bare('randomBytes'), word: 'randomBytes', advice: 'take the random source as a port' },
];

const INEXACT =
  'log|log2|log10|log1p|exp|expm1|pow|cbrt|hypot|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh';
/** The last digits of these differ between engines, so a seed would not replay and a rule would split the chain. */
const FLOATS: readonly BannedWord[] = [
  {
    pattern: bare(`Math\\.(?:${INEXACT})`),
    word: 'an inexact Math function',
    advice: 'use integers or bigint',
  },
];

const RULES: readonly BannedWord[] = [
  { pattern: bare('Math\\.sqrt'), word: 'Math.sqrt', advice: 'use integers or bigint' },
  { pattern: bare('parseFloat'), word: 'parseFloat', advice: 'use parseInt with checks, or bigint' },
  { pattern: /(?<![\w.$])\d[\d_]*\.\d/g, word: 'a decimal fraction', advice: 'count in a smaller unit' },
  { pattern: /(?<![\w$])\d[\d_]*e-\d/g, word: 'a decimal fraction', advice: 'count in a smaller unit' },
];

/** The words a file may not use, given the folder it is in. */
function bannedIn(path: string): readonly BannedWord[] {
  if (path.startsWith('wallet/')) return WORLD;
  if (path.startsWith('chain/')) return [...WORLD, ...ENTROPY, ...FLOATS, ...RULES];
  return [...WORLD, ...ENTROPY, ...FLOATS];
}

/** Where a known exception stands, and why it is right there. */
export interface Exception {
  readonly path: string;
  readonly word: string;
  readonly reason: string;
}

/** Pure files, and the files of `node/` the simulator runs, use no word that lets the world in. */
export function checkWords(sources: readonly Source[], exceptions: readonly Exception[]): Finding[] {
  return reachFromPure(sources).flatMap(({ path, code }) =>
    bannedIn(path)
      .filter(({ word }) => !exceptions.some((known) => known.path === path && known.word === word))
      .flatMap(({ pattern, word, advice }) =>
        [...code.matchAll(pattern)].map(({ index }) => ({
          path,
          line: lineAt(code, index),
          rule: `uses ${word}`,
          advice,
        })),
      ),
  );
}

/** An exception nobody needs any more is a finding too: the table must not outlive its reasons. */
export function checkExceptions(sources: readonly Source[], exceptions: readonly Exception[]): Finding[] {
  const needed = checkWords(sources, []);
  return exceptions
    .filter(({ path, word }) => !needed.some((found) => found.path === path && found.rule === `uses ${word}`))
    .map(({ path, word }) => ({
      path,
      line: 1,
      rule: `is excused from "${word}", which it no longer uses`,
      advice: 'remove the line from the table of exceptions',
    }));
}
