/** Proofs forged with care: parts of true ones put together wrongly, and headers that were mined for a lie. */
import { beforeAll, describe, expect, test } from 'vitest';
import { DOMAIN, hash, ZERO_HASH } from '../../../chain/format/hash.ts';
import { decodeHeader, encodeHeader } from '../../../chain/format/header.ts';
import { encodeTxProof, proveTx, txRoot } from '../../../chain/format/merkle.ts';
import { prove } from '../../../chain/ledger/proofs.ts';
import {
  decodeProofFile,
  encodeProofFile,
  type Proof,
  type ProofKind,
} from '../../../chain/proof/proof-file.ts';
import { accountRef, type Entry, recordRef, TOTALS } from '../../../chain/state/entries.ts';
import { ProofError } from '../../../wallet/proof/faults.ts';
import { type KnownLedger, knowLedger } from '../../../wallet/proof/known-ledger.ts';
import { type VerifiedProof, verifyProof } from '../../../wallet/proof/verify.ts';
import { addressFor, recordFor, signDraft, transfer } from '../../chain/actors.ts';
import { mine } from '../../chain/builder.ts';
import { forgeAnchor, forgeState } from './forged.ts';
import { GENESIS, makeProvedLedger, type ProvedLedger } from './proved-ledger.ts';
import vectors from './vectors/proofs.json' with { type: 'json' };

/** Two hashes a block: a forger's header costs nothing. */
const EASY = { ...GENESIS, difficulty: { ...GENESIS.difficulty, bits: '207fffff', floorBits: '207fffff' } };
let real: ProvedLedger;
let known: KnownLedger;
let easy: KnownLedger;

beforeAll(async () => {
  real = await makeProvedLedger(vectors.nonces);
  known = await knowLedger(GENESIS);
  easy = await knowLedger(EASY);
});

function judge(proof: Proof, ledger: KnownLedger): VerifiedProof | string {
  try {
    return verifyProof(encodeProofFile(proof), ledger);
  } catch (error) {
    if (error instanceof ProofError) return error.code;
    throw error;
  }
}

type Data<K extends ProofKind> = Extract<Proof, { TAG: K }>['data'];

function frozen<K extends ProofKind>(TAG: K, name: keyof typeof vectors.proofs): Data<K> {
  const proof = decodeProofFile(Uint8Array.from(Buffer.from(vectors.proofs[name], 'hex')));
  if (proof.TAG !== TAG) throw new Error(`${name} is a proof of kind ${proof.TAG}`);
  return proof.data as Data<K>;
}

describe('parts of true proofs put together wrongly', () => {
  test('a proof of another ledger, even one that differs by its salt alone', async () => {
    const other = await knowLedger({ ...GENESIS, salt: '08'.repeat(32) });
    for (const name of Object.keys(vectors.proofs) as (keyof typeof vectors.proofs)[]) {
      const proof = decodeProofFile(Uint8Array.from(Buffer.from(vectors.proofs[name], 'hex')));
      expect([name, judge(proof, other)]).toEqual([name, 'OTHER_LEDGER']);
    }
  });

  test('the value or the path of another entry, and absence of what is there', () => {
    const data = frozen('account', 'account');
    const absent = frozen('account', 'absent account');
    const swap = (change: Partial<typeof data>) =>
      judge({ TAG: 'account', data: { ...data, ...change } }, known);
    expect(swap({})).toMatchObject({ kind: 'account' });
    expect(swap({ address: addressFor('bob') })).toBe('BAD_PATH');
    expect(swap({ path: absent.path })).toBe('BAD_PATH');
    expect(swap({ entry: null })).toBe('BAD_PATH');
    expect(swap({ entry: null, path: absent.path })).toBe('BAD_PATH');
    expect(judge({ TAG: 'account', data: { ...absent, address: addressFor('alice') } }, known)).toBe(
      'BAD_PATH',
    );
    const record = frozen('record', 'record');
    expect(judge({ TAG: 'supply', data: { ...record } }, known)).toBe('BAD_PATH');
  });

  test('a block at a place that is not its own', () => {
    const data = frozen('transaction', 'transaction');
    const { block } = frozen('block', 'block 9');
    const swap = (change: Partial<typeof data>) =>
      judge({ TAG: 'transaction', data: { ...data, ...change } }, known);
    expect(swap({ block: { header: data.block!.header, place: block!.place } })).toBe('NOT_IN_CHAIN');
    expect(swap({ block: { header: data.tip, place: block!.place } })).toBe('NOT_IN_CHAIN');
    expect(swap({ block })).toBe('BAD_PATH');
    expect(swap({ block: null })).toBe('BAD_PATH');
    expect(swap({ genesis: block!.place })).toBe('OTHER_LEDGER');
    expect(swap({ genesis: [] })).toBe('OTHER_LEDGER');
    const atGenesis = frozen('account', 'account at genesis');
    expect(judge({ TAG: 'account', data: { ...atGenesis, block } }, known)).toBe('PROOF_MALFORMED');
  });

  test('a history with a transaction left out, put twice, in another order, or of somebody else', () => {
    const data = frozen('accountHistory', 'account history');
    const { transactions } = data;
    const swap = (change: Partial<typeof data>) =>
      judge({ TAG: 'accountHistory', data: { ...data, ...change } }, known);
    expect(swap({ transactions: transactions.slice(1) })).toBe('BAD_HISTORY');
    expect(swap({ transactions: transactions.slice(0, -1) })).toBe('BAD_HISTORY');
    expect(swap({ transactions: [...transactions.slice(0, -1), transactions[0]!] })).toBe('BAD_HISTORY');
    expect(swap({ transactions: [...transactions].reverse() })).toBe('BAD_HISTORY');
    expect(swap({ transactions: [...transactions, transactions[0]!] })).toBe('BAD_HISTORY');
    expect(swap({ earlier: { hash: ZERO_HASH, count: 1 }, transactions: transactions.slice(1) })).toBe(
      'BAD_HISTORY',
    );
    expect(swap({ earlier: { hash: transactions[0]!.slice(0, 32), count: 0 } })).toBe('BAD_HISTORY');
    const other = frozen('recordHistory', 'record history');
    expect(swap({ entry: other.entry, path: other.path })).toBe('BAD_PATH');
    // What is left out and owned up to is no lie.
    const first = hash(DOMAIN.history, ZERO_HASH, hash(DOMAIN.transaction, transactions[0]!));
    const honest = swap({ earlier: { hash: first, count: 1 }, transactions: transactions.slice(1) });
    expect(honest).toMatchObject({ value: { earlier: 1 } });
    expect((honest as VerifiedProof).notChecked.join()).toContain('the first 1 of 6');
  });

  test('a tip without its work, or with less than the ledger ever allows', () => {
    const data = frozen('account', 'account');
    const tip = decodeHeader(data.tip);
    const under = (bytes: Uint8Array) => judge({ TAG: 'account', data: { ...data, tip: bytes } }, known);
    expect(under(encodeHeader(mine({ ...tip, miner: addressFor('eve') }, 'miss')))).toBe('NO_WORK');
    expect(under(encodeHeader(mine({ ...tip, bits: 0x207fffff }, 'reach')))).toBe('NO_WORK');
    expect(under(encodeHeader({ ...tip, bits: 0 }))).toBe('PROOF_MALFORMED');
    expect(under(encodeHeader({ ...tip, version: 2 }))).toBe('PROOF_MALFORMED');
    expect(under(encodeHeader({ ...tip, height: 0 }))).toBe('PROOF_MALFORMED');
    const alone = { ...data, genesis: [], tip: encodeHeader({ ...tip, height: 0 }) };
    expect(judge({ TAG: 'account', data: alone }, known)).toBe('OTHER_LEDGER');
  });

  test('a proof of the ledger as it is now is as good as the frozen one', async () => {
    const { value, tip } = await prove(real.play.real.ledger, { kind: 'supply' });
    expect(verifyProof(value, known)).toMatchObject({ kind: 'supply', tip: { id: tip.id } });
  });
});

describe('a header that was mined for a lie', () => {
  const lie: Entry = {
    TAG: 'account',
    data: {
      balance: 1e15,
      nonce: 0,
      authKey: null,
      rotatedAt: 0,
      recovery: null,
      pendingChange: null,
      pendingRecovery: null,
      locked: false,
      deposits: 0,
      history: ZERO_HASH,
      historyCount: 0,
    },
  };

  test('is believed about its own state, and the verdict says how little work that took and what is open', async () => {
    const address = addressFor('eve');
    const { stateRoot, ...claim } = await forgeState(accountRef(address), lie);
    const data = { ...forgeAnchor(easy, { stateRoot }), ...claim, address };
    const verdict = judge({ TAG: 'account', data }, easy) as VerifiedProof;
    expect(verdict).toMatchObject({ kind: 'account', workOnTop: 2n, workChecked: 2n });
    expect(verdict.notChecked[0]).toContain('is on the chain with the most work');
    expect(verdict.notChecked.join()).toContain('that the state of block 1 follows');
  });

  test('cannot make an entry of another kind, or under another name, into what was asked', async () => {
    const ref = accountRef(addressFor('eve'));
    const record: Entry = {
      TAG: 'record',
      data: {
        owner: addressFor('eve'),
        creator: addressFor('eve'),
        name: Uint8Array.of(1),
        root: ZERO_HASH,
        size: 0,
        mediaType: new Uint8Array(0),
        inline: null,
        revision: 1,
        dropped: false,
        deposit: 0,
        history: ZERO_HASH,
        historyCount: 0,
      },
    };
    const totals: Entry = { TAG: 'totals', data: { issued: 1, burned: 2, deposited: 0, unclaimedFees: 0 } };
    const judged = async (TAG: ProofKind, at: typeof ref, entry: Entry | null, subject: object) => {
      const { stateRoot, ...claim } = await forgeState(at, entry);
      const earlier = { hash: ZERO_HASH, count: 0 };
      const data = { ...forgeAnchor(easy, { stateRoot }), ...claim, ...subject, earlier, transactions: [] };
      return judge({ TAG, data } as unknown as Proof, easy);
    };
    const address = addressFor('eve');
    const id = recordFor('alice', 'notes');
    expect(await judged('account', ref, record, { address })).toBe('BAD_VALUE');
    expect(await judged('accountHistory', ref, record, { address })).toBe('BAD_VALUE');
    expect(await judged('record', recordRef(id), lie, { record: id })).toBe('BAD_VALUE');
    expect(await judged('record', recordRef(id), record, { record: id })).toBe('BAD_VALUE');
    expect(await judged('recordHistory', recordRef(id), record, { record: id })).toBe('BAD_VALUE');
    expect(await judged('supply', TOTALS, totals, {})).toBe('BAD_VALUE');
    expect(await judged('supply', TOTALS, lie, {})).toBe('BAD_VALUE');
    expect(await judged('supply', TOTALS, null, {})).toBe('BAD_VALUE');
  });

  test('cannot hold a transaction that nobody signed', () => {
    const signing = { chainId: easy.chainId, nonce: 0, key: 'alice', feePerByte: 2 };
    for (const forge of [undefined, 'signature'] as const) {
      const tx = signDraft({ ...transfer('alice', 'eve', 5), ...(forge && { forge }) }, signing);
      const anchor = forgeAnchor(easy, { txRoot: txRoot([tx.id]) });
      const path = encodeTxProof(proveTx([tx.id], 0));
      const verdict = judge({ TAG: 'transaction', data: { ...anchor, transaction: tx.bytes, path } }, easy);
      expect(typeof verdict === 'string' ? verdict : verdict.kind).toBe(
        forge ? 'BAD_SIGNATURE' : 'transaction',
      );
    }
  });

  test('on a history of its own is of another ledger', () => {
    const anchor = forgeAnchor(easy, { historyRoot: hash(DOMAIN.historyRoot) });
    expect(judge({ TAG: 'block', data: anchor }, easy)).toBe('OTHER_LEDGER');
  });
});
