/**
 * Owns reading a TypeScript or JavaScript file just far enough to tell code from comments, strings and regular
 * expressions, so that a rule about code isn't fooled by what a comment or a message says.
 */

/** One `import`, `export … from` or `import()` of a file. */
export interface ImportSite {
  readonly specifier: string;
  readonly line: number;
}

export interface Source {
  /** Path from the root of the checkout, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** The text with comments, strings and regular expressions blanked; every line break stays where it was. */
  readonly code: string;
  readonly imports: readonly ImportSite[];
}

/** After these words a slash starts a regular expression; after any other word it divides. */
const BEFORE_REGEX = /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/;

/** Splits a file into code and the rest. Never throws: what is left open runs to the end of the file. */
export function readSource(path: string, text: string): Source {
  const blanked: string[] = [];
  const imports: ImportSite[] = [];
  /** Code since the last import, to see what stands before a string. */
  let before = '';
  /** For each template literal we are inside of: how many braces are open in its `${`. */
  const templates: number[] = [];
  let at = 0;

  const emit = (end: number, asCode: boolean): void => {
    const piece = text.slice(at, end);
    blanked.push(asCode ? piece : piece.replace(/[^\n]/g, ' '));
    before = (before + (asCode ? piece : ' ')).slice(-200);
    at = end;
  };

  while (at < text.length) {
    const char = text[at] as string;
    const pair = text.slice(at, at + 2);
    if (pair === '//') emit(endOf(text, at, /\n|$/g), false);
    else if (pair === '/*') emit(endOf(text, at + 2, /\*\/|$/g, true), false);
    else if (pair === '#!' && at === 0) emit(endOf(text, 0, /\n|$/g), false);
    else if (char === "'" || char === '"') {
      const end = endOfQuoted(text, at, char);
      if (/(?:^|[^\w$.])(?:from|import|require)\s*\(?\s*$/.test(before)) {
        const specifier = text.slice(at + 1, end - 1);
        imports.push({ specifier, line: lineAt(text, at) });
      }
      emit(end, false);
    } else if (char === '`' || (char === '}' && templates.at(-1) === 0)) {
      if (char === '}') templates.pop();
      const end = endOf(text, at + 1, /(?<!\\)(?:\\\\)*(?:`|\$\{)|$/g, true);
      if (text.slice(end - 2, end) === '${') templates.push(0);
      emit(end, false);
    } else if (char === '/' && startsRegex(before)) emit(endOfRegex(text, at), false);
    else {
      const open = templates.length - 1;
      if (char === '{' && open >= 0) templates[open] = (templates[open] as number) + 1;
      if (char === '}' && open >= 0) templates[open] = (templates[open] as number) - 1;
      emit(at + 1, true);
    }
  }
  return { path, text, code: blanked.join(''), imports };
}

/** Line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  return line;
}

function endOf(text: string, from: number, mark: RegExp, including = false): number {
  mark.lastIndex = from;
  const found = mark.exec(text);
  if (!found) return text.length;
  return including ? mark.lastIndex : found.index;
}

function endOfQuoted(text: string, from: number, quote: string): number {
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === quote || text[i] === '\n') return i + 1;
  }
  return text.length;
}

function endOfRegex(text: string, from: number): number {
  let inClass = false;
  for (let i = from + 1; i < text.length; i++) {
    const char = text[i];
    if (char === '\n') return i;
    if (char === '\\') i++;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return i + 1;
  }
  return text.length;
}

function startsRegex(before: string): boolean {
  const code = before.trimEnd();
  return code === '' || /[([{,;=:?!&|+\-*%^~<>]$/.test(code) || BEFORE_REGEX.test(code);
}
