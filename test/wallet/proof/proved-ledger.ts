/**
 * Owns the ledger whose proofs are frozen: twelve blocks with everything that can be proved, on work that no flipped bit
 * reaches by luck, and what is true on it, told by the naive model. Its nonces are frozen too, so nothing is mined.
 */
import { formatAddress } from '../../../chain/format/address.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import { type Params, parseParams } from '../../../chain/format/params.ts';
import type { Transaction } from '../../../chain/format/transaction.ts';
import { type ProofSubject, prove } from '../../../chain/ledger/proofs.ts';
import type { VerifiedProof } from '../../../wallet/proof/verify.ts';
import { addressFor, drop, give, put, recordFor, transfer, transferMany } from '../../chain/actors.ts';
import type { BlockSpec, DrawnBlock } from '../../chain/builder.ts';
import { Play } from '../../chain/ledger/play.ts';
import { hash, hexOf } from '../../chain/model/hex.ts';
import type { ModelAccount, ModelRecord } from '../../chain/model/state.ts';

const FUNDED = ['alice', 'bob', 'carol'];

/** Work of 65,537 hashes a block, which is also the least there may be. */
export const GENESIS = {
  name: 'proofs',
  salt: '07'.repeat(32),
  time: 1_700_000_000_000,
  limits: { blockBytes: 16_384, blockSignatures: 16, futureMs: 2_000 },
  difficulty: { bits: '1f00ffff', floorBits: '1f00ffff', targetMs: 1_000, halfLifeMs: 10_000 },
  reward: { initial: '50000000', halvingBlocks: 100, maturity: 5 },
  prices: { feePerByte: '2', accountSurcharge: '1000', depositPerByte: '3', depositPerEntry: '500' },
  allocations: FUNDED.map((name) => ({ address: formatAddress(addressFor(name)), amount: '1000000000' })),
  activations: [],
};

const notes = recordFor('alice', 'notes');
const gone = recordFor('carol', 'gone');

const BLOCKS: BlockSpec['transactions'][] = [
  [transfer('alice', 'dave', 5_000_000)],
  [put('alice', 'notes', 'hello'), put('carol', 'gone', 'soon')],
  [
    transfer('bob', 'carol', 7),
    transferMany('alice', [
      ['bob', 1],
      ['alice', 2],
    ]),
    transfer('carol', 'bob', 3),
  ],
  [],
  [put('alice', 'notes', 'hello again')],
  [give('alice', notes, 'bob')],
  [drop('carol', gone)],
  [put('bob', 'notes', 'mine now', { creator: 'alice' })],
  [transfer('dave', 'alice', 1_000)],
  [],
  [transfer('bob', 'dave', 9)],
  [],
];

const account = (name: string): ProofSubject => ({ kind: 'account', address: addressFor(name) });

/** Every kind of proof, in every form it can have. */
const SUBJECTS: Readonly<Record<string, (play: Play) => ProofSubject>> = {
  block: ({ chain }) => ({ kind: 'block', id: chain.get('b4').header.previous }),
  'block 9': ({ chain }) => ({ kind: 'block', id: chain.get('b10').header.previous }),
  'block that is the genesis': ({ chain }) => ({ kind: 'block', id: chain.chainId }),
  account: () => account('alice'),
  'absent account': () => account('nobody'),
  record: () => ({ kind: 'record', record: notes }),
  'dropped record': () => ({ kind: 'record', record: gone }),
  'absent record': () => ({ kind: 'record', record: recordFor('bob', 'notes') }),
  supply: () => ({ kind: 'supply' }),
  transaction: ({ chain }) => ({ kind: 'transaction', id: chain.get('b3').transactions[2]!.id }),
  'account history': () => ({ kind: 'accountHistory', address: addressFor('alice') }),
  'last of an account history': () => ({ kind: 'accountHistory', address: addressFor('bob'), last: 2 }),
  'record history': () => ({ kind: 'recordHistory', record: notes }),
};

export interface FrozenProofs {
  readonly genesis: typeof GENESIS;
  /** Of the blocks from height 1. */
  readonly nonces: readonly number[];
  /** Hex of the files by name. */
  readonly proofs: Readonly<Record<string, string>>;
}

export interface ProvedLedger {
  readonly params: Params;
  readonly play: Play;
  readonly frozen: FrozenProofs;
}

/** Plays the ledger and proves everything. Without nonces it is mined, which takes a while. */
export async function makeProvedLedger(nonces?: readonly number[]): Promise<ProvedLedger> {
  const params = parseParams(GENESIS);
  const play = await Play.start(params);
  const proofs: Record<string, string> = {};
  const take = async (name: string, subject: ProofSubject) => {
    proofs[name] = toHex((await prove(play.real.ledger, subject)).value);
  };
  await take('account at genesis', account('carol'));
  for (const [i, transactions = []] of BLOCKS.entries()) {
    const header = nonces === undefined ? {} : { nonce: nonces[i]! };
    play.chain.block(`b${i + 1}`, { transactions, header });
    const code = await play.block(`b${i + 1}`);
    if (code !== null) throw new Error(`block ${i + 1} was refused: ${code}`);
    if (i === 8) await take('account at block 9', account('dave'));
  }
  for (const [name, subject] of Object.entries(SUBJECTS)) await take(name, subject(play));
  const found = BLOCKS.map((_, i) => play.chain.get(`b${i + 1}`).header.nonce);
  return { params, play, frozen: { genesis: GENESIS, nonces: found, proofs } };
}

/** True if the ledger is as the proof says. */
export function isTrue({ play: { chain } }: ProvedLedger, proof: VerifiedProof): boolean {
  const blocks = ['genesis', ...chain.names('b', BLOCKS.length)].map((name) => chain.get(name));
  const block = blocks.find(({ id }) => id === toHex(proof.block.id));
  const tip = blocks.find(({ id }) => id === toHex(proof.tip.id));
  if (block?.state == null || tip === undefined || tip.header.height < block.header.height) return false;
  const before = blocks[block.header.height - 1]?.work ?? 0n;
  if (proof.work !== tip.work || proof.workOnTop !== tip.work - before) return false;
  const { accounts, records, totals } = block.state;
  const earlier = blocks.slice(0, block.header.height + 1);
  switch (proof.kind) {
    case 'block':
      return toHex(proof.subject) === block.id;
    case 'account':
      return sameAccount(accounts.get(hexOf(proof.subject)), proof.value);
    case 'record':
      return sameRecord(records.get(hexOf(proof.subject)), proof.value);
    case 'supply':
      return proof.value.issued === Number(totals.issued) && proof.value.burned === Number(totals.burned);
    case 'transaction': {
      const { transaction, index, count } = proof.value;
      return block.transactions.length === count && block.transactions[index]?.key === transaction.key;
    }
    case 'accountHistory': {
      const { account: found, ...shown } = proof.value;
      const all = keysOf(earlier, (tx) => peopleOf(tx).includes(hexOf(proof.subject)));
      return sameAccount(accounts.get(hexOf(proof.subject)), found) && sameHistory(all, shown);
    }
    case 'recordHistory': {
      const { record, ...shown } = proof.value;
      const id = hexOf(proof.subject);
      const all = keysOf(earlier, (tx) => recordOf(tx) === id);
      return sameRecord(records.get(id), record) && sameHistory(all, shown);
    }
  }
}

/** Ids of the transactions that concern something, oldest first. */
function keysOf(blocks: readonly DrawnBlock[], concerns: (tx: Transaction) => boolean): string[] {
  return blocks.flatMap(({ transactions }) => transactions.filter(concerns).map(({ key }) => key));
}

/** Whose accounts it touches. */
function peopleOf({ sender, body }: Transaction): string[] {
  if (body.TAG === 'transfer') return [hexOf(sender), ...body.data.outputs.map(({ to }) => hexOf(to))];
  return body.TAG === 'give' ? [hexOf(sender), hexOf(body.data.to)] : [hexOf(sender)];
}

function recordOf({ body }: Transaction): string | null {
  if (body.TAG === 'put') return hash('rec', hexOf(body.data.creator), hexOf(body.data.name));
  return body.TAG === 'give' || body.TAG === 'drop' ? hexOf(body.data.record) : null;
}

function sameHistory(
  all: readonly string[],
  { earlier, transactions }: { earlier: number; transactions: readonly { key: string }[] },
): boolean {
  return all.slice(earlier).join() === transactions.map(({ key }) => key).join();
}

function sameAccount(
  known: ModelAccount | undefined,
  found: Extract<VerifiedProof, { kind: 'account' }>['value'],
): boolean {
  if (known === undefined || found === null) return known === undefined && found === null;
  return (
    Number(known.balance) === found.balance &&
    known.nonce === found.nonce &&
    Number(known.deposits) === found.deposits &&
    known.history === toHex(found.history) &&
    known.historyCount === found.historyCount
  );
}

function sameRecord(
  known: ModelRecord | undefined,
  found: Extract<VerifiedProof, { kind: 'record' }>['value'],
): boolean {
  if (known === undefined || found === null) return known === undefined && found === null;
  return (
    known.owner === toHex(found.owner) &&
    known.root === toHex(found.root) &&
    known.revision === found.revision &&
    known.dropped === found.dropped &&
    known.history === toHex(found.history)
  );
}
