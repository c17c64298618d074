/** Owns a file of blocks, one after the other, that one process makes and another connects. */
import { readFileSync, writeFileSync } from 'node:fs';
import { encodeBody } from '../../chain/format/block.ts';
import { encodeHeader, HEADER_BYTES } from '../../chain/format/header.ts';
import type { MadeBlock } from './workload.ts';

export interface EncodedBlock {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
}

/** For each block its header, the body's length in 4 bytes, the body. */
export function writeBlocks(path: string, blocks: readonly MadeBlock[]): void {
  const parts: Uint8Array[] = [];
  for (const { header, transactions } of blocks) {
    const body = encodeBody(transactions);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    parts.push(encodeHeader(header), length, body);
  }
  writeFileSync(path, Buffer.concat(parts));
}

export function readBlocks(path: string): EncodedBlock[] {
  const file = readFileSync(path);
  const blocks: EncodedBlock[] = [];
  for (let at = 0; at < file.length; ) {
    const start = at + HEADER_BYTES + 4;
    const end = start + file.readUInt32BE(start - 4);
    blocks.push({ header: plain(file, at, at + HEADER_BYTES), body: plain(file, start, end) });
    at = end;
  }
  return blocks;
}

/** The ledger deals in plain byte arrays, not in Buffers. */
function plain(bytes: Buffer, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from);
}
