/**
 * Owns the judgement of every block that a node of the world follows, by rules written a second time, and what each
 * account must hold after it. Each block is judged once, whichever nodes follow it. Grows with the blocks of the world.
 */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { RuleError } from '../../chain/errors.ts';
import { decodeBody } from '../../chain/format/block.ts';
import { fromHex } from '../../chain/format/bytes.ts';
import type { Params } from '../../chain/format/params.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Ledger } from '../../chain/ledger/ledger.ts';
import type { MemoryStore } from '../../chain/ledger/memory-store.ts';
import type { SignatureCheck, Verifier } from '../../chain/ledger/ports.ts';
import { endOf, stateRow } from '../../chain/ledger/store-keys.ts';
import { accountRef, decodeEntry, type EntryRef, recordRef } from '../../chain/state/entries.ts';
import { AuditError } from '../audit-error.ts';
import type { Disk } from '../disk.ts';
import { Book } from './book.ts';
import { Foul } from './book-account.ts';
import {
  type Ancestor,
  bigEndian,
  digest,
  headerFault,
  idOf,
  joined,
  transactionsRoot,
} from './header-oracle.ts';
import { hexOf } from './hex.ts';
import { bookedAccount, bookedRecord } from './reading.ts';

/** What is known after a block. */
interface Position extends Ancestor {
  readonly parent: Position | null;
  readonly miner: Uint8Array;
  /** Reward and fees, to be paid when they mature. */
  readonly earned: number;
  readonly book: Book;
}

const ROWS_MAX = 1_000_000;

export class Referee {
  readonly #params: Params;
  readonly #verifier: Verifier;
  /** How many transactions of each kind it has judged. */
  readonly kinds = new Map<string, number>();
  /** By id in hex. */
  readonly #positions = new Map<string, Position>();

  constructor(params: Params, verifier: Verifier) {
    this.#params = params;
    this.#verifier = verifier;
  }

  /** Blocks judged. */
  get judged(): number {
    return this.#positions.size;
  }

  /** Judges what a node follows that hasn't been judged yet. Throws an `AuditError` for a block that breaks a rule. */
  async follow(ledger: Ledger, disk: Disk): Promise<void> {
    const open: HeaderNode[] = [];
    let at = ledger.tip;
    for (; at.parent !== null && !this.#positions.has(at.key); at = at.parent) open.push(at);
    if (at.parent === null) this.#begin(at);
    for (const node of open.reverse()) {
      const body = await disk.blocks.read(ledger.chainId, node);
      // What is above it is judged when this one is back, or another node follows it.
      if (body === null && disk.harmed) return;
      if (body === null) throw new AuditError(`the body of block ${node.height}, which is followed, is lost`);
      await this.#judge(node, transactionsOf(node, body), ledger.chainId);
    }
  }

  /** Compares what a node has stored with what each account and record must hold on its tip. */
  async compare({ tip }: Ledger, content: MemoryStore): Promise<void> {
    const position = this.#positions.get(tip.key);
    // A damaged block below it couldn't be judged.
    if (position === undefined) return;
    const { accounts, records } = position.book;
    const compare = async (
      kind: string,
      booked: ReadonlyMap<string, object>,
      refOf: (id: Uint8Array) => EntryRef,
      read: (bytes: Uint8Array) => object,
    ): Promise<void> => {
      const ids = [...booked.keys()];
      const rows = await content.getMany(ids.map((id) => stateRow(refOf(fromHex(id)).key)));
      for (const [i, id] of ids.entries()) {
        const wanted = textOf(booked.get(id)!);
        const found = rows[i] === undefined ? 'nothing' : textOf(read(rows[i]));
        if (wanted === found) continue;
        throw new AuditError(
          `${kind} ${id.slice(0, 8)} is to be ${wanted} and is ${found} at height ${tip.height}`,
        );
      }
    };
    await compare('account', accounts, accountRef, bookedAccount);
    await compare('record', records, recordRef, bookedRecord);
    const from = stateRow(new Uint8Array(0));
    const rows = await content.iterate({ from, to: endOf(from), limit: ROWS_MAX });
    const kinds = rows.map(([, bytes]) => decodeEntry(bytes).TAG);
    const count = (kind: string): number => kinds.filter((other) => other === kind).length;
    if (count('account') !== accounts.size || count('record') !== records.size)
      throw new AuditError(
        `there are ${count('account')} accounts and ${count('record')} records, and ${accounts.size} and ${records.size} were made, at height ${tip.height}`,
      );
  }

  #begin({ id, key, header }: HeaderNode): void {
    if (this.#positions.has(key)) return;
    const book = new Book(this.#params);
    const { time, elapsed, miner } = header;
    this.#positions.set(key, { id, height: 0, time, elapsed, parent: null, miner, earned: 0, book });
  }

  async #judge(
    { key, header }: HeaderNode,
    transactions: readonly Transaction[],
    chainId: Uint8Array,
  ): Promise<void> {
    const foul = (rule: string): never => {
      throw new AuditError(
        `block ${header.height} (${key.slice(-8)}) is followed, and it has a fault: ${rule}`,
      );
    };
    const parent = this.#positions.get(hexOf(header.previous)) ?? foul('its parent is unknown');
    const id = idOf(header);
    if (hexOf(id) !== key) foul('its id is another');
    const fault = headerFault(this.#params, parent, header, id);
    if (fault !== null) foul(fault);
    const ids = transactions.map(({ bytes }) => digest('pier/txi', bytes));
    if (hexOf(transactionsRoot(ids)) !== hexOf(header.txRoot)) foul('its transactions are others');
    const verdicts = await this.#verifier.verify(transactions.flatMap((tx) => checksOf(tx, chainId)));
    if (verdicts.includes(false)) foul('a signature is false');
    const book = new Book(this.#params, parent.book, header.height);
    let earned = rewardOf(this.#params, header.height);
    try {
      const matured = ancestorAt(parent, header.height - this.#params.reward.maturity);
      if (matured !== null) book.mature(matured.miner, matured.earned);
      for (const [i, tx] of transactions.entries()) {
        book.apply(tx, ids[i]!);
        this.kinds.set(tx.body.TAG, (this.kinds.get(tx.body.TAG) ?? 0) + 1);
        earned += tx.fee;
      }
    } catch (error) {
      if (!(error instanceof Foul)) throw error;
      foul(error.message);
    }
    const { height, time, elapsed, miner } = header;
    this.#positions.set(key, { id, height, time, elapsed, parent, miner, earned, book });
  }
}

/** The transactions of a block that is followed; that one is malformed is a fault of whoever follows it. */
function transactionsOf({ height }: HeaderNode, body: Uint8Array): Transaction[] {
  try {
    return decodeBody(body);
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw new AuditError(
      `block ${height} is followed, and a transaction of it is malformed: ${error.message}`,
    );
  }
}

/** An account or a record, to be compared and told. */
function textOf(booked: object): string {
  return JSON.stringify(booked, (_, value) => (value instanceof Uint8Array ? hexOf(value) : value));
}

/** Planks a block brings into being. */
function rewardOf({ reward }: Params, height: number): number {
  let planks = reward.initial;
  for (let left = height; left > reward.halvingBlocks; left -= reward.halvingBlocks)
    planks = Math.floor(planks / 2);
  return planks;
}

/** The position at a height on the way back; `null` for genesis and below. */
function ancestorAt(from: Position, height: number): Position | null {
  if (height < 1) return null;
  let at: Position = from;
  while (at.height > height) at = at.parent!;
  return at;
}

/** What was signed, put together again from the bytes. */
function checksOf(tx: Transaction, chainId: Uint8Array): SignatureCheck[] {
  const { bytes, publicKey } = tx;
  const message = [joined('pier/txs'), chainId, bytes.subarray(0, -64)];
  const checks = [{ publicKey, message, signature: bytes.slice(-64) }];
  if (tx.body.TAG !== 'rotate' && tx.body.TAG !== 'recover') return checks;
  const { data } = tx.body;
  const target = tx.body.TAG === 'recover' ? tx.body.data.target : tx.sender;
  const owned = joined(
    'pier/pop',
    chainId,
    tx.sender,
    bigEndian(tx.nonce, 8),
    target,
    [data.scheme],
    data.publicKey,
  );
  return [...checks, { publicKey: data.publicKey, message: [owned], signature: data.proof }];
}
