/**
 * Owns signature checks in Node: rule L-strict (see `chain/crypto/ed25519.ts`) with OpenSSL doing the curve's
 * arithmetic on libuv's threads. Same verdicts as `NobleVerifier`, some ten times as fast on one core.
 *
 * Bounds: checks under way are at most `MAX_IN_FLIGHT`, so that disk work, which shares the threads, waits a few
 * milliseconds at most; key objects kept are at most `MAX_KEYS`. Checks that wait belong to their callers, who bound
 * a batch (a block, a message's worth of transactions).
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { passesPrefilter } from '../chain/crypto/ed25519.ts';
import { concat } from '../chain/format/bytes.ts';
import type { SignatureCheck, Verifier } from '../chain/ledger/ports.ts';

/** Checks handed to libuv at once: some 16 ms of work on two cores. Twice as many measure no faster. */
const MAX_IN_FLIGHT = 256;

/** Key objects kept, of about a kilobyte each. A hit saves the 10 µs of an import, a tenth of a check. */
const MAX_KEYS = 4096;

/** A public key as OpenSSL takes it. By way of JWK: importing DER costs nine times as much. */
function importKey(base64url: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: base64url }, format: 'jwk' });
}

function base64urlOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

/** Key objects of this process, oldest first: putting one that is used behind the others costs more than it may save. */
const keys = new Map<string, KeyObject>();

function keyOf(publicKey: Uint8Array): KeyObject {
  const name = base64urlOf(publicKey);
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = importKey(name);
  if (keys.size === MAX_KEYS) keys.delete(keys.keys().next().value!);
  keys.set(name, key);
  return key;
}

/** The whole rule, at once, on this thread: about 0.12 ms. For one signature here and there. */
export function verifyStrictNode(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!passesPrefilter(publicKey, signature)) return false;
  return verify(null, message, keyOf(publicKey), signature);
}

/** One call of `verify`, until its last check is back. */
interface Batch {
  readonly verdicts: boolean[];
  left: number;
  resolve(verdicts: boolean[]): void;
  reject(error: Error): void;
}

/** One check that waits for its turn: bytes of our own, and where its verdict goes. */
interface Job {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly batch: Batch;
  readonly index: number;
}

/** Checks batches on libuv's thread pool. */
export class ThreadPoolVerifier implements Verifier {
  /** First come, first served; those before `#next` have been handed out. */
  #queue: Job[] = [];
  #next = 0;
  #inFlight = 0;

  /**
   * One verdict for each check, in order. The bytes are copied before this returns, so the caller may reuse its
   * buffers. Bad input is a `false`; it rejects only if OpenSSL itself fails, which says nothing about a signature.
   */
  verify(checks: readonly SignatureCheck[]): Promise<boolean[]> {
    return new Promise((resolve, reject) => {
      const verdicts = new Array<boolean>(checks.length).fill(false);
      const batch: Batch = { verdicts, left: 0, resolve, reject };
      for (const [index, { publicKey, message, signature }] of checks.entries()) {
        if (!passesPrefilter(publicKey, signature)) continue;
        batch.left += 1;
        this.#queue.push({
          publicKey: new Uint8Array(publicKey),
          message: concat(...message),
          signature: new Uint8Array(signature),
          batch,
          index,
        });
      }
      if (batch.left === 0) resolve(verdicts);
      else this.#pump();
    });
  }

  #pump(): void {
    while (this.#inFlight < MAX_IN_FLIGHT && this.#next < this.#queue.length) {
      this.#dispatch(this.#queue[this.#next++]!);
    }
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    } else if (this.#next > MAX_IN_FLIGHT && this.#next * 2 > this.#queue.length) {
      // Let go of what has been handed out, in steps that cost a constant a check.
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
  }

  #dispatch(job: Job): void {
    const { batch, index } = job;
    this.#inFlight += 1;
    try {
      verify(null, job.message, keyOf(job.publicKey), job.signature, (error, good) => {
        this.#inFlight -= 1;
        if (error) batch.reject(error);
        else {
          batch.verdicts[index] = good;
          batch.left -= 1;
          if (batch.left === 0) batch.resolve(batch.verdicts);
        }
        this.#pump();
      });
    } catch (error) {
      this.#inFlight -= 1;
      batch.reject(error as Error);
    }
  }
}
