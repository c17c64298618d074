import { describe, expect, test } from 'vitest';
import { appendHistory, EMPTY_HISTORY, type Peaks } from '../../../chain/consensus/history.ts';
import {
  nodesFromLeaves,
  proveHistory,
  workBelow,
  workOfProof,
} from '../../../chain/consensus/history-proof.ts';
import { RuleError } from '../../../chain/errors.ts';
import { encodeBody, transactionBytesAt } from '../../../chain/format/block.ts';
import { concat, fromHex, toHex } from '../../../chain/format/bytes.ts';
import { decode, encode, positive } from '../../../chain/format/codec.ts';
import { HEADER_BYTES } from '../../../chain/format/header.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import {
  decodeProofFile,
  encodeProofFile,
  inspectProofFile,
  PROOF_BYTES_MAX,
  type Proof,
  seal,
} from '../../../chain/proof/proof-file.ts';
import { vectorId } from '../vector-ids.ts';

const tip = new Uint8Array(HEADER_BYTES).fill(1);
const sibling = { hash: vectorId(1), work: 0xabcden };
const anchor = { tip, genesis: [sibling], block: { header: tip, place: [] } };
const empty = new Uint8Array(0);
const earlier = { hash: vectorId(2), count: 3 };
const address = new Uint8Array(20).fill(4);

/** One of each kind, small enough to write down where its bytes are. */
const PROOFS: readonly Proof[] = [
  { TAG: 'block', data: anchor },
  { TAG: 'account', data: { ...anchor, address, path: Uint8Array.of(9), entry: null } },
  {
    TAG: 'record',
    data: { ...anchor, block: null, record: vectorId(3), path: empty, entry: Uint8Array.of(8) },
  },
  { TAG: 'supply', data: { ...anchor, path: empty, entry: empty } },
  { TAG: 'transaction', data: { ...anchor, transaction: Uint8Array.of(7), path: empty } },
  {
    TAG: 'accountHistory',
    data: { ...anchor, address, path: empty, entry: empty, earlier, transactions: [] },
  },
  {
    TAG: 'recordHistory',
    data: {
      ...anchor,
      record: vectorId(3),
      path: empty,
      entry: empty,
      earlier,
      transactions: [Uint8Array.of(1), empty],
    },
  },
];

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'fine';
  } catch (error) {
    if (error instanceof RuleError) return error.code;
    throw error;
  }
};

describe('the file of a proof', () => {
  test.each(PROOFS)('of kind $TAG survives its codec', (proof) => {
    const file = encodeProofFile(proof);
    expect(inspectProofFile(file)).toBe('whole');
    expect(decodeProofFile(file)).toEqual(proof);
  });

  test('has its kind after magic and version, and the tip at once', () => {
    const files = PROOFS.map(encodeProofFile);
    expect(files.map((file) => toHex(file.subarray(0, 9)))).toEqual(
      PROOFS.map((_, i) => `5049455250524601${String(i + 1).padStart(2, '0')}`),
    );
    for (const file of files) expect(file.subarray(9, 9 + HEADER_BYTES)).toEqual(tip);
    // Siblings: how many, then each hash and its work in as few bytes as it takes.
    expect(toHex(files[0]!.subarray(190, 190 + 38))).toBe(`01${toHex(vectorId(1))}030abcde01`);
  });

  test('is told from no proof, another version and a damaged one', () => {
    const file = encodeProofFile(PROOFS[0]!);
    const outside = (bytes: Uint8Array) => inspectProofFile(bytes);
    expect(outside(empty)).toBe('foreign');
    expect(outside(concat(Uint8Array.of(0), file))).toBe('foreign');
    expect(outside(file.subarray(0, 7))).toBe('version');
    expect(outside(file.subarray(0, 8))).toBe('damaged');
    expect(outside(concat(file, Uint8Array.of(0)))).toBe('damaged');
    expect(outside(seal(new Uint8Array(PROOF_BYTES_MAX)))).toBe('foreign');
    const large = new Uint8Array(PROOF_BYTES_MAX);
    large.set(file.subarray(0, 8));
    expect(outside(seal(large))).toBe('damaged');
    expect(codeOf(() => decodeProofFile(large))).toBe('MALFORMED');
  });

  test('has no second form: an unknown kind, bytes too many, a list too long', () => {
    const content = encodeProofFile(PROOFS[0]!).slice(0, -32);
    const read = (bytes: Uint8Array) => codeOf(() => decodeProofFile(seal(bytes)));
    expect(read(content)).toBe('fine');
    expect(read(concat(content, Uint8Array.of(0)))).toBe('MALFORMED');
    expect(read(content.subarray(0, -1))).toBe('MALFORMED');
    expect(read(content.with(8, 0))).toBe('MALFORMED');
    expect(read(content.with(8, 8))).toBe('MALFORMED');
    expect(read(content.with(190, 33))).toBe('OVERSIZE');
    const blockFlag = 190 + 37;
    expect(content[blockFlag]).toBe(1);
    expect(read(content.with(blockFlag, 2))).toBe('MALFORMED');
  });

  test('is bounded: no part and no whole over its limit is written', () => {
    const write = (proof: Proof) => codeOf(() => encodeProofFile(proof));
    const account = PROOFS[1]!.data as Extract<Proof, { TAG: 'account' }>['data'];
    const history = PROOFS[5]!.data as Extract<Proof, { TAG: 'accountHistory' }>['data'];
    expect(write({ TAG: 'account', data: { ...account, entry: new Uint8Array(2_049) } })).toBe('OVERSIZE');
    expect(write({ TAG: 'account', data: { ...account, path: new Uint8Array(8_292) } })).toBe('OVERSIZE');
    expect(write({ TAG: 'account', data: { ...account, genesis: Array(33).fill(sibling) } })).toBe(
      'OVERSIZE',
    );
    const transactions = Array<Uint8Array>(256).fill(new Uint8Array(8_191));
    expect(write({ TAG: 'accountHistory', data: { ...history, transactions } })).toBe('OVERSIZE');
    const one = [new Uint8Array(8_193)];
    expect(write({ TAG: 'accountHistory', data: { ...history, transactions: one } })).toBe('OVERSIZE');
    const many = Array<Uint8Array>(65_536).fill(empty);
    expect(write({ TAG: 'accountHistory', data: { ...history, transactions: many } })).toBe('OVERSIZE');
  });
});

describe('what the format is made of', () => {
  test('numbers take as few bytes as they need, and have one form', () => {
    for (const [value, hex] of [
      [1n, '0101'],
      [255n, '01ff'],
      [256n, '020100'],
      [2n ** 256n - 1n, `20${'ff'.repeat(32)}`],
    ] as const) {
      expect(toHex(encode(positive, value))).toBe(hex);
      expect(decode(positive, fromHex(hex))).toBe(value);
    }
    for (const bad of [0n, -1n, 2n ** 256n]) expect(codeOf(() => encode(positive, bad))).toBe('OVERSIZE');
    const read = (hex: string) => codeOf(() => decode(positive, fromHex(hex)));
    expect([read('00'), read('0100'), read('020001'), read('0201')]).toEqual(Array(4).fill('MALFORMED'));
    expect(read(`21${'01'.repeat(33)}`)).toBe('OVERSIZE');
  });

  test('one transaction of a body is found without the others', () => {
    const parts = [Uint8Array.of(1, 2, 3), empty, new Uint8Array(300).fill(5)];
    const body = encodeBody(parts.map((bytes) => ({ bytes }) as Transaction));
    expect(parts.map((_, i) => transactionBytesAt(body, i))).toEqual(parts);
    expect(transactionBytesAt(body, 3)).toBe(null);
    expect(transactionBytesAt(body.subarray(0, -1), 2)).toBe(null);
  });

  test('the work below a header is that of all before it', () => {
    const leaves = Array.from({ length: 23 }, (_, i) => ({ id: vectorId(i), work: BigInt(i + 1) ** 2n }));
    const nodes = nodesFromLeaves((height) => leaves[height]!);
    let peaks: Peaks = EMPTY_HISTORY;
    let total = 0n;
    for (const [i, leaf] of leaves.entries()) {
      peaks = appendHistory(peaks, leaf);
      total += leaf.work;
      let below = 0n;
      for (let height = 0; height <= i; height++) {
        const proof = proveHistory(nodes, i + 1, height);
        expect([workBelow(height, proof), workOfProof(leaves[height]!, proof)]).toEqual([below, total]);
        below += leaves[height]!.work;
      }
    }
  });
});
