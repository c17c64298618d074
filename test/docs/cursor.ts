/** Owns the taking of fields from a proof, one after the other, for the literal reader. State: how far it has come. */

/** The first thing that is wrong; its message is the code. */
export class Fault extends Error {}

export function demand(truth: boolean, code: string): asserts truth {
  if (!truth) throw new Fault(code);
}

export const numberOf = (bytes: Buffer): bigint => BigInt(`0x0${bytes.toString('hex')}`);

/** Takes one field after the other; what isn't there, or not as it must be, is PROOF_MALFORMED. */
export class Cursor {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get left(): number {
    return this.#bytes.length - this.#at;
  }
  demand(truth: boolean): void {
    demand(truth, 'PROOF_MALFORMED');
  }
  bytes(length: number): Buffer {
    this.demand(length <= this.left);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  number(length: number): number {
    return Number(numberOf(this.bytes(length)));
  }
  string(max: number, lengthBytes: number): Buffer {
    const length = this.number(lengthBytes);
    this.demand(length <= max);
    return this.bytes(length);
  }
  optional<T>(read: () => T): T | null {
    const flag = this.number(1);
    this.demand(flag <= 1);
    return flag === 0 ? null : read();
  }
}
