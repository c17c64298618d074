/** Owns the ids of calls as they were written: a number may have more digits than a double holds. */

/** Strings, which may be long, without stepping back; punctuation; and all else that stands together. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g;

/** The value of `id` of each call of a message, in order, as it was written; of a single call, at 0. `text` is valid JSON. */
export function readIdTexts(text: string): Map<number, string> {
  const ids = new Map<number, string>();
  /** Nesting of the calls themselves. */
  const callDepth = /^\s*\[/.test(text) ? 2 : 1;
  let depth = 0;
  let call = 0;
  let before = '';
  let key = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (before === ':' && depth === callDepth && key === 'id') ids.set(call, token);
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    else if (token === ',' && depth === callDepth - 1) call++;
    else if (token === ':' && depth === callDepth) key = JSON.parse(before) as string;
    before = token;
  }
  return ids;
}
