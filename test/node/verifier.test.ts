import { describe, expect, it } from 'vitest';
import { publicKeyOf, sign } from '../../chain/crypto/ed25519.ts';
import { concat } from '../../chain/format/bytes.ts';
import type { SignatureCheck } from '../../chain/ledger/ports.ts';
import { ThreadPoolVerifier, verifyStrictNode } from '../../node/verifier.ts';

const seedOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);

/** A good check, or one whose message was changed after signing. */
function draw(n: number, good: boolean): SignatureCheck {
  const message = new TextEncoder().encode(`message ${n}`);
  const signature = sign(seedOf(n % 7), message);
  if (!good) message[0]! ^= 1;
  return {
    publicKey: publicKeyOf(seedOf(n % 7)),
    message: [message.subarray(0, 3), message.subarray(3)],
    signature,
  };
}

describe('ThreadPoolVerifier', () => {
  it('answers in the order of the checks, for more than it has under way at once', async () => {
    const wanted = Array.from({ length: 700 }, (_, n) => n % 3 !== 1);
    const checks = wanted.map((good, n) => draw(n, good));
    const verifier = new ThreadPoolVerifier();
    const [first, second] = await Promise.all([
      verifier.verify(checks),
      verifier.verify(checks.toReversed()),
    ]);
    expect(first).toEqual(wanted);
    expect(second).toEqual(wanted.toReversed());
  });

  it('answers an empty batch, and one of bytes that are no signatures at all', async () => {
    const verifier = new ThreadPoolVerifier();
    expect(await verifier.verify([])).toEqual([]);
    const empty = new Uint8Array();
    const zero = { publicKey: new Uint8Array(32), message: [empty], signature: new Uint8Array(64) };
    expect(
      await verifier.verify([{ publicKey: empty, message: [], signature: empty }, zero, draw(1, true)]),
    ).toEqual([false, false, true]);
  });

  it('judges the bytes as they were when asked, though their owner writes over them', async () => {
    const checks = Array.from({ length: 600 }, (_, n) => draw(n, true));
    const verdicts = new ThreadPoolVerifier().verify(checks);
    for (const { publicKey, message, signature } of checks) {
      for (const bytes of [publicKey, ...message, signature]) bytes.fill(0);
    }
    expect(await verdicts).toEqual(checks.map(() => true));
  });

  it('takes bytes that are a view into a larger buffer', async () => {
    const { publicKey, message: parts, signature } = draw(3, true);
    const message = concat(...parts);
    const frame = Uint8Array.from([9, ...publicKey, ...message, ...signature, 9]);
    const end = 33 + message.length;
    const view = {
      publicKey: frame.subarray(1, 33),
      message: frame.subarray(33, end),
      signature: frame.subarray(end, end + 64),
    };
    expect(await new ThreadPoolVerifier().verify([{ ...view, message: [view.message] }])).toEqual([true]);
    expect(verifyStrictNode(view.publicKey, view.message, view.signature)).toBe(true);
    expect(verifyStrictNode(view.publicKey, view.message.subarray(1), view.signature)).toBe(false);
  });

  it('keeps its verdicts right when there are more keys than it remembers', async () => {
    const message = new TextEncoder().encode('one message');
    const checks = Array.from({ length: 4200 }, (_, n): SignatureCheck => {
      // The keys needn't be anyone's: a wrong key is as new to the cache as a right one.
      const publicKey = new Uint8Array(32).fill(1);
      new DataView(publicKey.buffer).setUint32(0, n);
      return { publicKey, message: [message], signature: sign(seedOf(1), message) };
    });
    const verifier = new ThreadPoolVerifier();
    const verdicts = await verifier.verify([draw(0, true), ...checks, draw(0, true)]);
    expect(verdicts.map((good, n) => (good ? n : -1)).filter((n) => n >= 0)).toEqual([0, 4201]);
  }, 60_000);
});
