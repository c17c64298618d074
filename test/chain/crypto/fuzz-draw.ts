/** Draws the fuzz cases of `vectors/fuzz.json` from a seed: the same cases on every machine, for ever. */
import { createHash } from 'node:crypto';
import {
  add,
  BASE,
  challenge,
  decode,
  encode,
  L,
  littleEndian,
  multiply,
  oracleAccepts,
  P,
  toBytes,
} from './oracle.ts';

/** Class, public key, message, signature (hex), and the verdict of the oracle. */
export type FuzzRow = [kind: string, publicKey: string, message: string, signature: string, accept: boolean];

type Parts = { key: Uint8Array; message: Uint8Array; signature: Uint8Array };

const CASES_PER_CLASS = 40;

class Drawing {
  readonly #seed: string;
  #counter = 0;
  constructor(seed: string) {
    this.#seed = seed;
  }
  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      const block = createHash('sha256')
        .update(`${this.#seed}/${this.#counter++}`)
        .digest();
      out.set(block.subarray(0, length - at), at);
    }
    return out;
  }
  below(bound: number): number {
    return Number(littleEndian(this.bytes(6)) % BigInt(bound));
  }
  scalar(): bigint {
    return 1n + (littleEndian(this.bytes(40)) % (L - 1n));
  }
}

/** A generator of the eight points of small order. */
const TORSION = decode(
  Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex'),
)!;

const join = (r: Uint8Array, s: bigint): Uint8Array => Uint8Array.from([...r, ...toBytes(s)]);
const pick = <T>(draw: Drawing, list: readonly T[]): T => list[draw.below(list.length)]!;

/** A signature whose key and R are off the prime-order subgroup by the given multiples of the torsion point. */
function signed(draw: Drawing, keyTorsion = 0, rTorsion = 0): Parts {
  const [secret, nonce, message] = [draw.scalar(), draw.scalar(), draw.bytes(draw.below(24))];
  const key = encode(add(multiply(BASE, secret), multiply(TORSION, BigInt(keyTorsion))));
  const r = encode(add(multiply(BASE, nonce), multiply(TORSION, BigInt(rTorsion))));
  return { key, message, signature: join(r, (nonce + challenge(r, key, message) * secret) % L) };
}

/** As if signed with the secret 0 (small-order key) or the nonce 0 (small-order R), otherwise properly. */
function signedSmall(draw: Drawing, encodings: readonly Uint8Array[], place: 'key' | 'r'): Parts {
  const [scalar, message, small] = [draw.scalar(), draw.bytes(draw.below(24)), pick(draw, encodings)];
  const other = encode(multiply(BASE, scalar));
  const [key, r] = place === 'key' ? [small, other] : [other, small];
  const s = place === 'key' ? scalar : (challenge(r, key, message) * scalar) % L;
  return { key, message, signature: join(r, s) };
}

function flip(draw: Drawing, parts: Parts, bits: number): Parts {
  const copy = { key: parts.key.slice(), message: parts.message.slice(), signature: parts.signature.slice() };
  const places = [copy.key, copy.signature, ...(copy.message.length > 0 ? [copy.message] : [])];
  for (let i = 0; i < bits; i++) {
    const bytes = pick(draw, places);
    bytes[draw.below(bytes.length)]! ^= 1 << draw.below(8);
  }
  return copy;
}

function flipSign(draw: Drawing, parts: Parts): Parts {
  const [key, signature] = [parts.key.slice(), parts.signature.slice()];
  const which = draw.below(3);
  if (which !== 0) key[31]! ^= 0x80;
  if (which !== 1) signature[31]! ^= 0x80;
  return { ...parts, key, signature };
}

function withS(parts: Parts, change: (s: bigint) => bigint): Parts {
  const s = change(littleEndian(parts.signature.slice(32)));
  return { ...parts, signature: join(parts.signature.slice(0, 32), s) };
}

function wrongLength(draw: Drawing, parts: Parts): Parts {
  const length = pick(draw, [0, 1, 31, 33, 63, 65, 96]);
  const resize = (bytes: Uint8Array): Uint8Array => {
    const out = new Uint8Array(length);
    out.set(bytes.subarray(0, length));
    return out;
  };
  if (draw.below(2) === 0) return { ...parts, key: resize(parts.key) };
  return { ...parts, signature: resize(parts.signature) };
}

/** y between p and 2^255−1: the same point as y−p for a decoder that isn't strict. */
function nonCanonical(draw: Drawing, parts: Parts): Parts {
  const encoding = toBytes(P + BigInt(draw.below(19)) + (BigInt(draw.below(2)) << 255n));
  if (draw.below(2) === 0) return { ...parts, key: encoding };
  return { ...parts, signature: Uint8Array.from([...encoding, ...parts.signature.slice(32)]) };
}

/** Every case, in order. `smallOrder` are the 14 encodings of points of small order. */
export function drawFuzz(seed: string, smallOrder: readonly Uint8Array[]): FuzzRow[] {
  const draw = new Drawing(seed);
  const edges = [
    0n,
    1n,
    2n,
    8n,
    L - 1n,
    L,
    L + 1n,
    2n * L,
    2n ** 252n,
    2n ** 253n - 1n,
    2n ** 255n,
    2n ** 256n - 1n,
  ];
  const torsion = (): number => 1 + draw.below(7);
  const classes: Record<string, () => Parts> = {
    valid: () => signed(draw),
    mixedKey: () => signed(draw, torsion()),
    mixedR: () => signed(draw, 0, torsion()),
    mixedBoth: () => signed(draw, torsion(), torsion()),
    smallKey: () => signedSmall(draw, smallOrder, 'key'),
    smallR: () => signedSmall(draw, smallOrder, 'r'),
    sPlusL: () => withS(signed(draw), (s) => s + BigInt(1 + draw.below(14)) * L),
    edgeS: () => withS(signed(draw), () => pick(draw, edges)),
    bitFlips: () => flip(draw, signed(draw), 1 + draw.below(4)),
    signFlips: () => flipSign(draw, signed(draw)),
    swapped: () => ({ ...signed(draw), [pick(draw, ['key', 'message', 'signature'])]: signed(draw).key }),
    garbage: () => ({ key: draw.bytes(32), message: draw.bytes(draw.below(24)), signature: draw.bytes(64) }),
    wrongLength: () => wrongLength(draw, signed(draw)),
    nonCanonicalY: () => nonCanonical(draw, signed(draw)),
  };
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  return Object.entries(classes).flatMap(([kind, make]) =>
    Array.from({ length: CASES_PER_CLASS }, (): FuzzRow => {
      const { key, message, signature } = make();
      return [kind, hex(key), hex(message), hex(signature), oracleAccepts(key, message, signature)];
    }),
  );
}
