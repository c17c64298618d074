import { expect, test } from 'vitest';
import type { SignatureCheck } from '../../chain/ledger/ports.ts';
import { SharedVerifier } from '../../sim/verifier.ts';

/** A check of its own bytes: of one number, and, unless told otherwise, good. */
function draw(number: number, last = 0): SignatureCheck {
  const signature = new Uint8Array(64);
  new DataView(signature.buffer).setUint32(0, number);
  signature[63] = last;
  return { publicKey: new Uint8Array(32).fill(1), message: [Uint8Array.of(7), Uint8Array.of(8)], signature };
}

function setUp(): { verifier: SharedVerifier; made: SignatureCheck[] } {
  const made: SignatureCheck[] = [];
  const verifier = new SharedVerifier({
    verify: async (checks) => {
      made.push(...checks);
      return checks.map(({ signature }) => signature[63] === 0);
    },
  });
  return { verifier, made };
}

test('each check is made once, whoever asks, alone or among others', async () => {
  const { verifier, made } = setUp();
  expect(await verifier.verify([draw(1)])).toEqual([true]);
  expect(await verifier.verify([draw(2, 1), draw(1), draw(3)])).toEqual([false, true, true]);
  expect(await verifier.verify([draw(2, 1)])).toEqual([false]);
  expect(made).toHaveLength(3);
});

test('checks that differ in anything are not taken for each other', async () => {
  const { verifier, made } = setUp();
  const good = draw(1);
  const others: SignatureCheck[] = [
    draw(1, 1),
    { ...good, publicKey: new Uint8Array(32).fill(2) },
    { ...good, message: [Uint8Array.of(7), Uint8Array.of(9)] },
    { ...good, message: [Uint8Array.of(7)] },
    { ...good, message: [Uint8Array.of(7), Uint8Array.of(8), Uint8Array.of(8)] },
  ];
  for (const check of [good, ...others]) await verifier.verify([check]);
  expect(made).toHaveLength(1 + others.length);
});

test('what is asked again and again is remembered; of the rest two generations are', async () => {
  const { verifier, made } = setUp();
  const ask = (from: number, to: number, again: SignatureCheck) => {
    for (let number = from; number < to; number++) {
      verifier.verify([draw(number)]);
      verifier.verify([again]);
    }
  };
  const lasting = draw(0);
  ask(1, 4_000, lasting);
  const before = made.length;
  ask(1, 4_000, lasting);
  expect(made).toHaveLength(before);
  ask(10_000, 20_000, lasting);
  expect(made.filter((check) => check === lasting)).toHaveLength(1);
  const later = made.length;
  await verifier.verify([draw(1)]);
  expect(made).toHaveLength(later + 1);
});
