import { expect, test } from 'vitest';
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
