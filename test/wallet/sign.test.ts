import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { RuleError } from '../../chain/errors.ts';
import { formatAddress } from '../../chain/format/address.ts';
import { MAX_AMOUNT } from '../../chain/format/amount.ts';
import { concat, fromHex, toHex } from '../../chain/format/bytes.ts';
import { piecesRoot } from '../../chain/format/pieces.ts';
import {
  type Body,
  decodeTransaction,
  signatureChecks,
  type Transaction,
} from '../../chain/format/transaction.ts';
import { createSigner } from '../../wallet/identity.ts';
import { feeOf, proveKey, signTransaction, signTransfer, sizeOf } from '../../wallet/sign.ts';
import frozen from './vectors/transaction.json' with { type: 'json' };

const chainId = new Uint8Array(32).fill(0xc1);
const alice = createSigner(new Uint8Array(32).fill(1));
const next = createSigner(new Uint8Array(32).fill(2));
const bob = new Uint8Array(20).fill(0xb0);
const record = new Uint8Array(32).fill(0x4e);
const content = new TextEncoder().encode('a note');
const sending = { chainId, signer: alice, nonce: 3, validUntil: 500 };
const proof = { chainId, sender: alice.address, nonce: sending.nonce };

const bodies: Record<Body['TAG'], Body> = {
  transfer: { TAG: 'transfer', data: { outputs: [{ to: bob, amount: 5 }], memo: new Uint8Array(3) } },
  put: {
    TAG: 'put',
    data: {
      creator: alice.address,
      name: new TextEncoder().encode('note'),
      root: piecesRoot(content),
      size: content.length,
      mediaType: new TextEncoder().encode('text/plain'),
      inline: content,
    },
  },
  give: { TAG: 'give', data: { record, to: bob } },
  drop: { TAG: 'drop', data: { record } },
  rotate: { TAG: 'rotate', data: proveKey(next, proof) },
  setRecovery: { TAG: 'setRecovery', data: { recovery: { account: bob, delay: 10 } } },
  recover: { TAG: 'recover', data: { target: bob, ...proveKey(next, { ...proof, target: bob }) } },
  veto: { TAG: 'veto', data: { target: bob } },
  claim: { TAG: 'claim', data: { target: bob } },
  revoke: { TAG: 'revoke', data: {} },
};

/** Every signature it needs, checked as the RFC says. */
function isSigned(transaction: Transaction, chain: Uint8Array): boolean {
  return signatureChecks(transaction, chain).every(({ publicKey, message, signature }) =>
    ed25519.verify(signature, concat(...message), publicKey, { zip215: false }),
  );
}

function faultOf(action: () => unknown): RuleError {
  try {
    action();
  } catch (error) {
    if (error instanceof RuleError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a signed transaction', () => {
  test.each(Object.values(bodies))('$TAG', (body) => {
    const made = signTransaction({ ...sending, feePerByte: 7, body });
    expect(made.bytes.length).toBe(sizeOf(body));
    expect(made.fee).toBe(7 * made.bytes.length);
    expect(made.sender).toEqual(alice.address);
    expect(made).toMatchObject({ nonce: 3, validUntil: 500 });
    expect(decodeTransaction(made.bytes)).toEqual(made);
    expect(isSigned(made, chainId)).toBe(true);
    expect(isSigned(made, new Uint8Array(32).fill(0xc2))).toBe(false);
  });

  test('takes a fee as it is given', () => {
    expect(signTransaction({ ...sending, fee: 123, body: bodies.revoke }).fee).toBe(123);
    expect(signTransaction({ ...sending, fee: 0, body: bodies.revoke }).fee).toBe(0);
  });

  test('is the same bytes every time, and these', () => {
    for (const { privateKey, chain, nonce, fee, validUntil, outputs, memo, bytes, id } of frozen.vectors) {
      const signer = createSigner(fromHex(privateKey));
      const made = signTransfer({
        chainId: fromHex(chain),
        signer,
        nonce,
        fee,
        validUntil,
        outputs: outputs.map(({ to, amount }) => ({ to: fromHex(to), amount })),
        memo,
      });
      expect(toHex(made.bytes)).toBe(bytes);
      expect(made.key).toBe(id);
    }
  });

  test('of an account older than the key names the older account', () => {
    const rotated = createSigner(new Uint8Array(32).fill(2), alice.address);
    const made = signTransaction({ ...sending, signer: rotated, fee: 1, body: bodies.revoke });
    expect(formatAddress(made.sender)).toBe(formatAddress(alice.address));
    expect(made.publicKey).toEqual(next.publicKey);
    expect(isSigned(made, chainId)).toBe(true);
  });

  test("a new key's proof is worth nothing with another nonce", () => {
    const made = signTransaction({ ...sending, nonce: 4, fee: 1, body: bodies.rotate });
    expect(isSigned(made, chainId)).toBe(false);
  });
});

describe('a transfer', () => {
  test('has its outputs and its memo', () => {
    const outputs = [
      { to: bob, amount: 5 },
      { to: alice.address, amount: MAX_AMOUNT - 5 },
    ];
    const made = signTransfer({ ...sending, feePerByte: 1, outputs, memo: 'für Ü' });
    expect(made.body).toEqual({
      TAG: 'transfer',
      data: { outputs, memo: new TextEncoder().encode('für Ü') },
    });
  });

  test('is refused before it is signed if no node would take it', () => {
    const transfer = (amounts: number[], memo: string | Uint8Array = '') =>
      faultOf(() =>
        signTransfer({ ...sending, fee: 1, outputs: amounts.map((amount) => ({ to: bob, amount })), memo }),
      ).code;
    expect(transfer([])).toBe('BAD_AMOUNT');
    expect(transfer([0])).toBe('BAD_AMOUNT');
    expect(transfer([-1])).toBe('BAD_AMOUNT');
    expect(transfer([1.5])).toBe('BAD_AMOUNT');
    expect(transfer([2 ** 53])).toBe('BAD_AMOUNT');
    expect(transfer([MAX_AMOUNT, 1])).toBe('BAD_AMOUNT');
    expect(transfer(Array(256).fill(1))).toBe('OVERSIZE');
    expect(transfer([1], 'ü'.repeat(129))).toBe('OVERSIZE');
    expect(transfer([1], new Uint8Array(257))).toBe('OVERSIZE');
  });

  test('odd fees and nonces are refused', () => {
    for (const fee of [-1, 1.5, 2 ** 53, Number.NaN]) {
      expect(faultOf(() => signTransaction({ ...sending, fee, body: bodies.revoke })).code).toBe(
        'BAD_AMOUNT',
      );
      expect(faultOf(() => feeOf(bodies.revoke, fee)).code).toBe('BAD_AMOUNT');
    }
    expect(faultOf(() => feeOf(bodies.revoke, MAX_AMOUNT / 2)).code).toBe('BAD_AMOUNT');
    expect(faultOf(() => signTransaction({ ...sending, nonce: -1, fee: 1, body: bodies.revoke })).kind).toBe(
      'malformed',
    );
    expect(
      faultOf(() => signTransaction({ ...sending, validUntil: 2 ** 32, fee: 1, body: bodies.revoke })).code,
    ).toBe('MALFORMED');
  });
});
