import { expect, test } from 'vitest';
import { toHex, u32 } from '../../../chain/format/bytes.ts';
import type { SignatureCheck } from '../../../chain/ledger/ports.ts';
import { Verdicts } from '../../../chain/ledger/verdicts.ts';
import { rotate, transfer } from '../actors.ts';
import { ChainBuilder } from '../builder.ts';

const chain = new ChainBuilder();
const [paid, rotated, other] = [
  transfer('alice', 'bob', 5),
  rotate('bob', 'bob/1'),
  transfer('carol', 'bob', 5),
].map((draft) => chain.sign(draft, 'genesis'));

/** Verdicts on signatures that are as told, and how many were asked for. */
function judged(...told: boolean[][]) {
  const asked: number[] = [];
  const verify = async (checks: readonly SignatureCheck[]): Promise<boolean[]> => {
    asked.push(checks.length);
    return told.shift()!;
  };
  return { verdicts: new Verdicts({ verify }, new Uint8Array(32)), asked };
}

test('are of each transaction by itself, and of all its signatures', async () => {
  for (const signatures of [
    [true, true, true, true],
    [false, true, true, true],
    [true, false, true, true],
    [true, true, false, true],
    [true, true, true, false],
    // A verifier that says too little has found nothing good.
    [true, true, true],
  ]) {
    const { verdicts, asked } = judged(signatures);
    const [first, own, possession, last] = signatures;
    expect(await verdicts.check([paid!, rotated!, other!])).toEqual([
      first,
      own! && possession!,
      last ?? false,
    ]);
    expect(asked).toEqual([4]);
  }
});

test('that are good are remembered, and only those', async () => {
  const { verdicts, asked } = judged([true, false, true, false], [true, true, true], []);
  expect(await verdicts.check([paid!, rotated!, other!])).toEqual([true, false, false]);
  expect(await verdicts.check([rotated!, paid!, other!])).toEqual([true, true, true]);
  expect(await verdicts.check([other!, rotated!, paid!])).toEqual([true, true, true]);
  expect(asked).toEqual([4, 3]);
});

test('that the mempool vouches for need no check, and no place', async () => {
  const { verdicts, asked } = judged([true]);
  verdicts.trust((key) => key === paid!.key);
  expect(await verdicts.check([paid!, other!])).toEqual([true, true]);
  expect(asked).toEqual([1]);
});

test('are forgotten, the oldest first, when there are too many', async () => {
  const asked: number[] = [];
  const verify = async (checks: readonly SignatureCheck[]): Promise<boolean[]> => {
    asked.push(checks.length);
    return checks.map(() => true);
  };
  const verdicts = new Verdicts({ verify }, new Uint8Array(32));
  const many = Array.from({ length: 16_385 }, (_, i) => {
    const id = new Uint8Array(32).fill(i & 255);
    id.set(u32(i));
    return { ...paid!, id, key: toHex(id) };
  });
  await verdicts.check(many);
  await verdicts.check(many.slice(1));
  await verdicts.check([many[0]!]);
  await verdicts.check([many[1]!]);
  expect(asked).toEqual([16_385, 1, 1]);
});
