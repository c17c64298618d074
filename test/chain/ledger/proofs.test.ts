/** Proofs that a real ledger makes: what it refuses to prove, and that reorganisations and restarts leave no wrong ones. */
import { beforeEach, describe, expect, test } from 'vitest';
import { RuleError } from '../../../chain/errors.ts';
import { u32 } from '../../../chain/format/bytes.ts';
import { headerId } from '../../../chain/format/header.ts';
import { HISTORY_PROOF_MAX, type ProofSubject, prove } from '../../../chain/ledger/proofs.ts';
import { META } from '../../../chain/ledger/store-keys.ts';
import type { KnownLedger } from '../../../wallet/proof/known-ledger.ts';
import { type VerifiedProof, verifyProof } from '../../../wallet/proof/verify.ts';
import { addressFor, give, put, recordFor, transfer } from '../actors.ts';
import { TEST_PARAMS } from '../builder.ts';
import { Play } from './play.ts';

const notes = recordFor('alice', 'notes');
const alice: ProofSubject = { kind: 'account', address: addressFor('alice') };
const history: ProofSubject = { kind: 'recordHistory', record: notes };
let play: Play;
let known: KnownLedger;

beforeEach(async () => {
  play = await Play.start();
  known = { params: TEST_PARAMS, chainId: play.chain.chainId };
});

async function show(subject: ProofSubject): Promise<VerifiedProof> {
  const { value, tip } = await prove(play.real.ledger, subject);
  const proof = verifyProof(value, known);
  expect(proof.tip.id).toEqual(tip.id);
  return proof;
}

const refusal = (subject: ProofSubject): Promise<unknown> =>
  prove(play.real.ledger, subject).then(
    () => null,
    (error) => (error instanceof RuleError ? error.code : error),
  );

async function keysOf(subject: ProofSubject): Promise<string[]> {
  const { value } = await show(subject);
  return (value as unknown as { transactions: { key: string }[] }).transactions.map(({ key }) => key);
}

describe('a ledger', () => {
  test('proves itself from every block on, as of every height', async () => {
    expect(await show({ kind: 'supply' })).toMatchObject({
      block: { header: { height: 0 } },
      workChecked: 0n,
    });
    const ids = [play.chain.chainId];
    for (let height = 1; height <= 20; height++) {
      play.chain.block(`b${height}`, {
        transactions: height % 3 === 0 ? [transfer('alice', 'bob', height)] : [],
      });
      await play.block(`b${height}`);
      ids.push(headerId(play.chain.get(`b${height}`).header));
      for (const id of ids) expect((await show({ kind: 'block', id })).block.id).toEqual(id);
      expect(await show(alice)).toMatchObject({ value: { nonce: Math.floor(height / 3) } });
    }
  });

  test('refuses to prove what is not there to be proved', async () => {
    play.chain.block('b1');
    play.chain.block('c1', { on: 'genesis', miner: 'eve' });
    play.chain.block('b2', { on: 'b1' });
    await play.blocks('b1', 'c1', 'b2');
    expect(await refusal({ kind: 'transaction', id: new Uint8Array(32) })).toBe('NOT_MINED');
    expect(await refusal({ kind: 'block', id: new Uint8Array(32) })).toBe('UNKNOWN_BLOCK');
    expect(await refusal({ kind: 'block', id: headerId(play.chain.get('c1').header) })).toBe('UNKNOWN_BLOCK');
    expect(await refusal(history)).toBe('NO_RECORD');
    expect(await refusal({ kind: 'accountHistory', address: addressFor('nobody') })).toBe('NO_ACCOUNT');
    expect((await show({ kind: 'record', record: notes })).value).toBe(null);
  });

  test('has the whole history of a record, whoever owned it, and its last part', async () => {
    play.chain.block('b1', { transactions: [put('alice', 'notes', 'one'), transfer('alice', 'bob', 1)] });
    play.chain.block('b2', { transactions: [put('alice', 'notes', 'two'), give('alice', notes, 'bob')] });
    play.chain.block('b3', { transactions: [put('bob', 'notes', 'three', { creator: 'alice' })] });
    await play.blocks('b1', 'b2', 'b3');
    const all = ['b1', 'b2', 'b3'].flatMap((name) => play.chain.get(name).transactions.map(({ key }) => key));
    const own = all.filter((_, i) => i !== 1);
    expect(await keysOf(history)).toEqual(own);
    for (let last = 1; last <= 4; last++) {
      expect(await keysOf({ ...history, last })).toEqual(own.slice(-last));
      expect(await show({ ...history, last })).toMatchObject({ value: { earlier: 4 - last } });
    }
    expect(await keysOf({ ...history, last: HISTORY_PROOF_MAX })).toEqual(own);
    expect(await keysOf({ kind: 'accountHistory', address: addressFor('bob') })).toEqual(
      all.slice(1).filter((_, i) => i !== 1),
    );
    expect(await keysOf({ kind: 'accountHistory', address: addressFor('carol') })).toEqual([]);
  });

  test('gives a long history in part, and says so when asked for more', async () => {
    const blocks = Math.ceil((HISTORY_PROOF_MAX + 1) / TEST_PARAMS.limits.blockSignatures);
    for (let i = 1; i <= blocks; i++) {
      const transactions = Array.from({ length: TEST_PARAMS.limits.blockSignatures }, () =>
        transfer('bob', 'bob', 1),
      );
      play.chain.block(`b${i}`, { transactions });
      await play.block(`b${i}`);
    }
    const bob: ProofSubject = { kind: 'accountHistory', address: addressFor('bob') };
    expect(await refusal(bob)).toBe('OVERSIZE');
    expect(await refusal({ ...bob, last: HISTORY_PROOF_MAX + 1 })).toBe('OVERSIZE');
    expect(await keysOf({ ...bob, last: HISTORY_PROOF_MAX })).toHaveLength(HISTORY_PROOF_MAX);
  });

  test('proves the branch it follows after a reorganisation', async () => {
    play.chain.block('b1', { transactions: [put('alice', 'notes', 'one')] });
    play.chain.block('b2', { transactions: [put('alice', 'notes', 'two')] });
    play.chain.block('c1', { on: 'genesis', transactions: [put('alice', 'notes', 'other')] });
    play.chain.blocks('d', 2, { on: 'c1' });
    await play.blocks('b1', 'b2');
    expect(await keysOf(history)).toHaveLength(2);
    const lost = play.chain.get('b2').transactions[0]!;
    await play.blocks('c1', 'd1', 'd2');
    expect(play.tip).toBe('d2');
    expect(await keysOf(history)).toEqual([play.chain.get('c1').transactions[0]!.key]);
    expect(await refusal({ kind: 'transaction', id: lost.id })).toBe('NOT_MINED');
    expect(await show(alice)).toMatchObject({ value: { nonce: 1 } });
  });

  test('that an earlier version left without an index of records makes it', async () => {
    play.chain.block('b1', { transactions: [put('alice', 'notes', 'one')] });
    await play.block('b1');
    const rows = await play.real.store.iterate({
      from: Uint8Array.of(0x61),
      to: Uint8Array.of(0x62),
      limit: 9,
    });
    // Of the account, and of the record.
    expect(rows).toHaveLength(2);
    await play.real.store.write([[META.format, u32(1)], ...rows.map(([key]) => [key, null] as const)], {
      sync: true,
    });
    await play.real.restart();
    await play.settle();
    expect(await keysOf(history)).toHaveLength(1);
  });
});

describe('the size of a proof', () => {
  /** Leaves `accounts` accounts in the state, however many blocks it takes. */
  async function sizeAt(accounts: number, blocks: number): Promise<number> {
    const allocations = Array.from({ length: accounts }, (_, i) => ({
      address: new Uint8Array(20)
        .fill(1)
        .with(0, i & 255)
        .with(1, i >> 8),
      amount: 5,
    }));
    const small = await Play.start({ ...TEST_PARAMS, allocations });
    small.chain.blocks('b', blocks);
    await small.blocks(...small.chain.names('b', blocks));
    const sizes: number[] = [];
    for (let i = 0; i < accounts; i += accounts / 64) {
      const { value } = await prove(small.real.ledger, { kind: 'account', address: allocations[i]!.address });
      sizes.push(value.length);
    }
    return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  }

  test('grows by one sibling each time the accounts double, and each time the blocks do', async () => {
    const [small, large] = [await sizeAt(64, 1), await sizeAt(1_024, 1)];
    expect((large - small) / 4).toBeGreaterThan(30);
    expect((large - small) / 4).toBeLessThan(36);
    // Hash, and work in a few bytes.
    const [short, long] = [await sizeAt(64, 8), await sizeAt(64, 64)];
    expect((long - short) / 3).toBeGreaterThan(32);
    expect((long - short) / 3).toBeLessThan(38);
  });
});
