/** Owns reading the checkout's own text files, without what is generated, installed or private. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TextFile } from './files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SKIPPED = new Set(['node_modules', 'dist', 'coverage']);
const HIDDEN_BUT_OURS = new Set(['.ci', '.npmrc', '.gitignore', '.editorconfig']);
const TEXT = new Set(['', '.ts', '.mjs', '.js', '.json', '.md', '.html', '.css', '.svg', '.yml', '.yaml']);

/** Every text file, paths with forward slashes, in order of path. */
export function readCheckout(folder = ''): TextFile[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !SKIPPED.has(name) && (!name.startsWith('.') || HIDDEN_BUT_OURS.has(name)))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return readCheckout(path);
      if (!entry.isFile() || !TEXT.has(extname(entry.name))) return [];
      return [{ path, text: readFileSync(join(ROOT, path), 'utf8') }];
    });
}
