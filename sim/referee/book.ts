/**
 * Owns a second, naive implementation of what a block does to accounts and records: plain maps, one rule a line, nothing
 * shared with `chain/state`. Grows with the accounts and records of a world.
 */
import type { Params } from '../../chain/format/params.ts';
import type { Body, Put, Transaction } from '../../chain/format/transaction.ts';
import {
  type BookAccount,
  type BookRecord,
  changed,
  demand,
  emptyAccount,
  NO_HISTORY,
} from './book-account.ts';
import { digest } from './header-oracle.ts';
import { hexOf } from './hex.ts';
import { changesOfSender, changesOfTarget, keyHash, matured } from './keys.ts';

/** A stored record without its name, media type and content: kind, addresses, root, numbers, lengths, flags, history. */
const RECORD_BYTES = 1 + 2 * 20 + 1 + 32 + 8 + 1 + 1 + 8 + 1 + 8 + 32 + 8;

export class Book {
  readonly #params: Params;
  /** By address in hex. */
  readonly accounts: Map<string, BookAccount>;
  /** By id in hex. */
  readonly records: Map<string, BookRecord>;
  /** Hashes of the keys that have signed, by key, both in hex. One for all books of a world. */
  readonly #keyHashes: Map<string, string>;
  #height: number;

  /** The book of the genesis; or of the block at `height`, before anything in it, after what was `earlier`. */
  constructor(params: Params, earlier?: Book, height = 0) {
    this.#params = params;
    this.#height = height;
    this.accounts = new Map(earlier?.accounts);
    this.records = new Map(earlier?.records);
    this.#keyHashes = earlier === undefined ? new Map() : earlier.#keyHashes;
    if (earlier !== undefined) return;
    for (const { address, amount } of params.allocations) this.#pay(hexOf(address), amount);
  }

  /** Credits what a block earned that has matured. */
  mature(miner: Uint8Array, amount: number): void {
    this.#pay(hexOf(miner), amount);
  }

  /** Carries out a transaction of the block, of that id; throws a `Foul`. */
  apply(tx: Transaction, id: Uint8Array): void {
    const { prices } = this.#params;
    const from = hexOf(tx.sender);
    const stored = this.accounts.get(from);
    demand(stored !== undefined, 'a sender without an account');
    demand(!stored.locked, 'a locked account');
    demand(tx.validUntil >= this.#height, 'an expired transaction');
    demand(tx.fee >= prices.feePerByte * tx.bytes.length, 'a fee below the least');
    demand(tx.nonce === stored.nonce, `nonce ${tx.nonce}, and its sender has sent ${stored.nonce}`);
    const key = this.#keyHash(tx);
    demand(stored.key === null ? key.startsWith(from) : key === stored.key, "a key that isn't the sender's");
    const touched = new Set([from, ...othersOf(tx.body).map(hexOf)]);
    for (const address of touched) this.#mature(address);
    this.accounts.set(from, changed(this.accounts.get(from)!, { nonce: stored.nonce + 1, key }));
    this.#spend(from, tx.fee);
    this.#carryOut(tx, from);
    for (const address of touched) {
      const account = this.accounts.get(address)!;
      const history = grown(account.history, id);
      this.accounts.set(address, changed(account, { history, touches: account.touches + 1 }));
    }
    const name = recordOf(tx.body);
    if (name === null) return;
    const record = this.records.get(name)!;
    const history = grown(record.history, id);
    this.records.set(name, { ...record, history, touches: record.touches + 1 });
  }

  #keyHash({ scheme, publicKey }: Transaction): string {
    const name = `${scheme} ${hexOf(publicKey)}`;
    const hash = this.#keyHashes.get(name) ?? keyHash(scheme, publicKey);
    this.#keyHashes.set(name, hash);
    return hash;
  }

  #carryOut(tx: Transaction, from: string) {
    const { body } = tx;
    if (body.TAG === 'transfer') return this.#transfer(from, body.data.outputs);
    if (body.TAG === 'put') return this.#put(from, body.data);
    if (body.TAG === 'give') {
      const record = this.#owned(from, body.data.record);
      const to = hexOf(body.data.to);
      this.#open(from, to);
      this.#deposit(from, -record.deposit);
      this.#deposit(to, record.deposit);
      this.records.set(hexOf(body.data.record), { ...record, owner: to });
      return;
    }
    if (body.TAG === 'drop') {
      const record = this.#owned(from, body.data.record);
      return this.#keep(from, hexOf(body.data.record), { ...record, dropped: true }, 0);
    }
    const own = changesOfSender(tx, this.accounts.get(from)!, this.#height);
    if (own !== null) return this.#change(from, own);
    const target = hexOf((body.data as { target: Uint8Array }).target);
    this.#change(target, changesOfTarget(tx, from, this.accounts.get(target), this.#height));
  }

  #transfer(from: string, outputs: readonly { to: Uint8Array; amount: number }[]): void {
    for (const { to } of outputs) this.#open(from, hexOf(to));
    for (const { amount } of outputs) {
      demand(Number.isSafeInteger(amount) && amount > 0, 'an output of nothing');
      this.#spend(from, amount);
    }
    for (const { to, amount } of outputs) this.#pay(hexOf(to), amount);
  }

  #put(from: string, data: Put): void {
    const id = hexOf(digest('pier/rec', data.creator, data.name));
    const old = this.records.get(id);
    demand((old?.owner ?? hexOf(data.creator)) === from, "a record that isn't the sender's");
    const record = {
      owner: from,
      dropped: false,
      deposit: old?.deposit ?? 0,
      nameBytes: data.name.length,
      revision: (old?.revision ?? 0) + 1,
      history: old?.history ?? NO_HISTORY,
      touches: old?.touches ?? 0,
    };
    const content = data.mediaType.length + (data.inline === null ? 0 : 2 + data.inline.length);
    this.#keep(from, id, record, content);
  }

  /** A record takes its place, and its owner pays or gets back the difference. */
  #keep(from: string, id: string, record: BookRecord, contentBytes: number): void {
    const { depositPerEntry, depositPerByte } = this.#params.prices;
    const bytes = RECORD_BYTES + record.nameBytes + contentBytes;
    const deposit = depositPerEntry + depositPerByte * bytes;
    const more = deposit - record.deposit;
    if (more > 0) this.#spend(from, more);
    else this.#pay(from, -more);
    this.#deposit(from, more);
    this.records.set(id, { ...record, deposit });
  }

  #owned(from: string, id: Uint8Array): BookRecord {
    const record = this.records.get(hexOf(id));
    demand(record?.owner === from, "a record that isn't the sender's");
    demand(!record.dropped, 'a record that was dropped');
    return record;
  }

  /** Makes an account, which its first payer pays for. */
  #open(from: string, to: string): void {
    if (this.accounts.has(to)) return;
    this.accounts.set(to, emptyAccount(this.#height));
    this.#spend(from, this.#params.prices.accountSurcharge);
  }

  #spend(from: string, planks: number): void {
    const account = this.accounts.get(from)!;
    const balance = account.balance - planks;
    demand(balance >= 0, 'more is spent than there is');
    this.accounts.set(from, changed(account, { balance }));
  }

  #pay(to: string, planks: number): void {
    const account = this.accounts.get(to) ?? emptyAccount(this.#height);
    this.accounts.set(to, changed(account, { balance: account.balance + planks }));
  }

  #deposit(of: string, planks: number): void {
    const account = this.accounts.get(of)!;
    this.accounts.set(of, changed(account, { deposits: account.deposits + planks }));
  }

  /** Writes down another rescuer whose time has come. */
  #mature(of: string): void {
    const account = this.accounts.get(of);
    if (account !== undefined) this.accounts.set(of, matured(account, this.#height));
  }

  #change(of: string, fields: Partial<BookAccount>): void {
    this.accounts.set(of, changed(this.accounts.get(of) ?? emptyAccount(this.#height), fields));
  }
}

/** Accounts that a transaction is about besides its sender's. */
function othersOf(body: Body): Uint8Array[] {
  if (body.TAG === 'transfer') return body.data.outputs.map(({ to }) => to);
  if (body.TAG === 'give') return [body.data.to];
  if (body.TAG === 'recover' || body.TAG === 'veto' || body.TAG === 'claim') return [body.data.target];
  return [];
}

function recordOf(body: Body): string | null {
  if (body.TAG === 'put') return hexOf(digest('pier/rec', body.data.creator, body.data.name));
  return body.TAG === 'give' || body.TAG === 'drop' ? hexOf(body.data.record) : null;
}

function grown(history: Uint8Array, id: Uint8Array): Uint8Array {
  return digest('pier/his', history, id);
}
