/** Owns the rules about a file as a whole: its name, its length, how it begins, and what no file may say. */
import type { Finding } from './layers.ts';
import { lineAt } from './lexer.ts';

/** Any text file of the checkout. */
export interface TextFile {
  /** Path from the root of the checkout, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const MAX_LINES = 300;
const VAGUE_NAME = /(?:^|\/)(?:utils?|helpers?|types|index|misc|common)\.[cm]?[jt]s$/;
const PROGRAM = /\.[cm]?[jt]s$/;
const DATA = /(?:^|\/)vectors\//;
const TEST = /\.test\.ts$/;
const COMMENT_FIRST = /^(?:#!.*\n)?\s*\/[/*]/;

/** Written so that no pattern matches itself. */
const NEVER_SAID: readonly { pattern: RegExp; rule: string; advice: string }[] = [
  {
    pattern: /\b(?:TO(?:DO)|FIX(?:ME)|X(?:XX))\b/g,
    rule: 'leaves a note to do something later',
    advice: 'do it now, or open an issue',
  },
  {
    pattern: /(?<![\w.}~-])\/(?:home|Users|root|work)\/[\w.]/g,
    rule: 'names a folder of one machine',
    advice: 'use a path relative to the checkout, or ~',
  },
  {
    pattern: /\bregistry\.[a-z0-9-]+\.[a-z]{2,}\b/gi,
    rule: 'names the host of a package registry',
    advice: "leave it to each user's npm configuration",
  },
];

/** Names are nouns of the domain, not drawers for anything. */
export function checkNames(files: readonly TextFile[]): Finding[] {
  return files
    .filter(({ path }) => VAGUE_NAME.test(path))
    .map(({ path }) => ({
      path,
      line: 1,
      rule: 'has a name that says nothing',
      advice: 'name the noun it owns, and import from the file that defines a thing',
    }));
}

/** Short enough to read in one go. Tests and vectors may be long: they are lists. */
export function checkLength(files: readonly TextFile[]): Finding[] {
  return files
    .filter(({ path }) => PROGRAM.test(path) && !TEST.test(path) && !DATA.test(path))
    .map(({ path, text }) => ({ path, lines: text.replace(/\n$/, '').split('\n').length }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => ({
      path,
      line: MAX_LINES + 1,
      rule: `has ${lines} lines, and ${MAX_LINES} is the most`,
      advice: 'find the second noun in it and give that a file',
    }));
}

/** The first comment says what the file owns and what bounds it. */
export function checkFirstComment(files: readonly TextFile[]): Finding[] {
  return files
    .filter(({ path, text }) => PROGRAM.test(path) && !TEST.test(path) && !COMMENT_FIRST.test(text))
    .map(({ path }) => ({
      path,
      line: 1,
      rule: 'does not begin with a comment',
      advice: 'say what it owns and, where a peer can make its state grow, what bounds it',
    }));
}

/** No notes for later, nothing of the machine it was written on. */
export function checkSaid(files: readonly TextFile[]): Finding[] {
  return files.flatMap(({ path, text }) =>
    NEVER_SAID.flatMap(({ pattern, rule, advice }) =>
      [...text.matchAll(pattern)].map(({ index }) => ({ path, line: lineAt(text, index), rule, advice })),
    ),
  );
}
