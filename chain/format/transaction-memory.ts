/**
 * Owns how much memory a decoded transaction takes: what bounds of memory are counted in. Its bytes are the least of it;
 * V8 takes some 105 bytes for each byte string that is cut from them. Holds no state.
 *
 * The numbers are of Node 20 on 64 bits, with the key, a place in two maps and what the allocator takes for the bytes;
 * `npm run bench -- pool-memory` compares them with the heap.
 */
import type { Transaction } from './transaction.ts';

/** Of every transaction: the object, sender, key, signature, id, its hex, and where it is kept. */
const BASE_BYTES = 1_800;
/** An output of a transfer: an object and an address. */
const OUTPUT_BYTES = 190;
/** What a record's `put` says: four or five byte strings. */
const PUT_BYTES = 420;
/** What any other kind says: two at most. */
const OTHER_BYTES = 220;

/** Bytes of memory that keeping a transaction takes, about a tenth more than measured. */
export function memoryOf({ bytes, body }: Pick<Transaction, 'bytes' | 'body'>): number {
  return BASE_BYTES + bytes.length + bodyBytes(body);
}

function bodyBytes(body: Transaction['body']): number {
  if (body.TAG === 'transfer') return OUTPUT_BYTES * body.data.outputs.length;
  return body.TAG === 'put' ? PUT_BYTES : OTHER_BYTES;
}
