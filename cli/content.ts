/**
 * Owns reading what a record is about: a file of any size, or standard input, part by part, into its content root.
 * Of the bytes only the first `INLINE_BYTES_MAX` are kept, and those only if there are no more.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { extname } from 'node:path';
import { concat, toHex } from '../chain/format/bytes.ts';
import { PiecesHasher } from '../chain/format/pieces.ts';
import { INLINE_BYTES_MAX, MEDIA_TYPE_BYTES_MAX } from '../chain/format/transaction.ts';
import { parseText } from './arguments.ts';
import type { Context } from './context.ts';
import { CliError } from './faults.ts';
import { formatBytes } from './layout.ts';

export interface Content {
  /** BEP 52 pieces root, 32 bytes. */
  readonly root: Uint8Array;
  readonly size: number;
  /** The bytes themselves, if they are few enough to go on the ledger. */
  readonly small: Uint8Array | null;
}

const MEDIA_TYPES: Partial<Record<string, string>> = {
  '.csv': 'text/csv',
  '.gif': 'image/gif',
  '.html': 'text/html',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.md': 'text/markdown',
  '.mp4': 'video/mp4',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.zip': 'application/zip',
};

/** The content of a file, or of standard input for `-`. Shown while a large one is read. */
export async function readContent(context: Context, file: string): Promise<Content> {
  if (file === '-') return hashParts(context, process.stdin, 'standard input', null);
  const handle: FileHandle = await open(file, 'r');
  try {
    const found = await handle.stat();
    if (found.isDirectory())
      throw new CliError('NOT_A_FILE', `${file} is a folder`, 'put one file, or an archive');
    const size = found.isFile() ? found.size : null;
    return await hashParts(context, handle.createReadStream({ autoClose: false }), file, size);
  } finally {
    await handle.close();
  }
}

async function hashParts(
  context: Context,
  parts: AsyncIterable<Uint8Array>,
  what: string,
  total: number | null,
): Promise<Content> {
  const progress = context.output.progress(`reading ${what}`);
  const hasher = new PiecesHasher();
  let small: Uint8Array | null = new Uint8Array(0);
  try {
    for await (const part of parts) {
      hasher.update(part);
      small = small === null || hasher.size > INLINE_BYTES_MAX ? null : concat(small, part);
      const share = total === null || total === 0 ? '' : `, ${Math.floor((100 * hasher.size) / total)} %`;
      progress.update(`reading ${what}: ${formatBytes(hasher.size)}${share}`);
    }
  } finally {
    progress.stop();
  }
  return { root: hasher.digest(), size: hasher.size, small };
}

/** The media type that is said with `--type`, or else what the file's name suggests; perhaps none. */
export function mediaTypeOf(file: string, given: string | undefined): Uint8Array {
  const type = given ?? MEDIA_TYPES[extname(file).toLowerCase()] ?? '';
  const bytes = parseText(type, '--type');
  if (bytes.length <= MEDIA_TYPE_BYTES_MAX) return bytes;
  throw new CliError(
    'USAGE',
    `--type has ${bytes.length} bytes, at most ${MEDIA_TYPE_BYTES_MAX}`,
    'as text/plain',
  );
}

/** True if these are the bytes that root and size stand for. */
export function isContent(content: Content, { root, size }: { root: string; size: number }): boolean {
  return content.size === size && toHex(content.root) === root;
}
