/**
 * Owns a second, naive implementation of what a block does to accounts and records: plain maps, one rule a line, nothing
 * shared with `chain/state`. Grows with the accounts and records of a world.
 */
import type { Params } from '../../chain/format/params.ts';
import type { Put, Transaction } from '../../chain/format/transaction.ts';
import { digest } from './header-oracle.ts';

export interface BookAccount {
  readonly balance: number;
  readonly nonce: number;
  /** Hex of the key's hash; `null` until the first transaction. */
  readonly key: string | null;
  readonly deposits: number;
  readonly locked: boolean;
}

interface BookRecord {
  readonly owner: string;
  readonly dropped: boolean;
  readonly deposit: number;
  readonly nameBytes: number;
}

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => (b + 256).toString(16).slice(1)).join('');
const EMPTY: BookAccount = { balance: 0, nonce: 0, key: null, deposits: 0, locked: false };
/** A stored record without its name, media type and content: kind, addresses, root, numbers, lengths, flags, history. */
const RECORD_BYTES = 1 + 2 * 20 + 1 + 32 + 8 + 1 + 1 + 8 + 1 + 8 + 32 + 8;

/** A rule that a block broke. */
export class Foul extends Error {
  override readonly name = 'Foul';
}

function demand(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new Foul(rule);
}

export class Book {
  readonly #params: Params;
  /** By address in hex. */
  readonly accounts: Map<string, BookAccount>;
  readonly #records: Map<string, BookRecord>;

  constructor(params: Params, earlier?: Book) {
    this.#params = params;
    this.accounts = new Map(earlier?.accounts);
    this.#records = new Map(earlier === undefined ? [] : earlier.#records);
    if (earlier !== undefined) return;
    for (const { address, amount } of params.allocations) this.#pay(hexOf(address), amount);
  }

  /** Credits what a block earned that has matured. */
  mature(miner: Uint8Array, amount: number): void {
    this.#pay(hexOf(miner), amount);
  }

  /** Carries out a transaction of the block at `height`; throws a `Foul`. */
  apply(tx: Transaction, height: number): void {
    const { prices } = this.#params;
    const from = hexOf(tx.sender);
    const sender = this.accounts.get(from);
    demand(sender !== undefined, 'a sender without an account');
    demand(!sender.locked, 'a locked account');
    demand(tx.validUntil >= height, 'an expired transaction');
    demand(tx.fee >= prices.feePerByte * tx.bytes.length, 'a fee below the least');
    demand(tx.nonce === sender.nonce, `nonce ${tx.nonce}, and its sender has sent ${sender.nonce}`);
    const key = hexOf(digest('pier/key', [tx.scheme], tx.publicKey));
    demand(sender.key === null ? key.startsWith(from) : key === sender.key, "a key that isn't the sender's");
    this.#change(from, { nonce: sender.nonce + 1, key, balance: sender.balance - tx.fee });
    const { body } = tx;
    switch (body.TAG) {
      case 'transfer':
        this.#transfer(from, body.data.outputs);
        break;
      case 'put':
        this.#put(from, body.data);
        break;
      case 'give': {
        const record = this.#owned(from, body.data.record);
        this.#open(from, hexOf(body.data.to));
        this.#deposit(from, -record.deposit);
        this.#deposit(hexOf(body.data.to), record.deposit);
        this.#records.set(hexOf(body.data.record), { ...record, owner: hexOf(body.data.to) });
        break;
      }
      case 'drop': {
        const record = this.#owned(from, body.data.record);
        this.#keep(from, hexOf(body.data.record), { ...record, dropped: true }, 0);
        break;
      }
      case 'rotate':
        this.#change(from, { key: hexOf(digest('pier/key', [body.data.scheme], body.data.publicKey)) });
        break;
      case 'setRecovery':
        break;
      case 'revoke':
        this.#change(from, { locked: true });
        break;
      default:
        throw new Foul(`the referee knows no ${body.TAG}`);
    }
    demand(this.accounts.get(from)!.balance >= 0, 'more is spent than there is');
  }

  #transfer(from: string, outputs: readonly { to: Uint8Array; amount: number }[]): void {
    for (const { to } of outputs) this.#open(from, hexOf(to));
    for (const { to, amount } of outputs) {
      demand(Number.isSafeInteger(amount) && amount > 0, 'an output of nothing');
      this.#change(from, { balance: this.accounts.get(from)!.balance - amount });
      this.#pay(hexOf(to), amount);
    }
  }

  #put(from: string, data: Put): void {
    const id = hexOf(digest('pier/rec', data.creator, data.name));
    const old = this.#records.get(id);
    demand((old?.owner ?? hexOf(data.creator)) === from, "a record that isn't the sender's");
    const record = {
      owner: from,
      dropped: false,
      deposit: old?.deposit ?? 0,
      nameBytes: data.name.length,
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
    this.#change(from, { balance: this.accounts.get(from)!.balance - more });
    this.#deposit(from, more);
    this.#records.set(id, { ...record, deposit });
  }

  #owned(from: string, id: Uint8Array): BookRecord {
    const record = this.#records.get(hexOf(id));
    demand(record?.owner === from, "a record that isn't the sender's");
    demand(!record.dropped, 'a record that was dropped');
    return record;
  }

  /** Makes an account, which its first payer pays for. */
  #open(from: string, to: string): void {
    if (this.accounts.has(to)) return;
    this.accounts.set(to, EMPTY);
    this.#change(from, {
      balance: this.accounts.get(from)!.balance - this.#params.prices.accountSurcharge,
    });
  }

  #pay(to: string, amount: number): void {
    this.#change(to, { balance: (this.accounts.get(to) ?? EMPTY).balance + amount });
  }

  #deposit(of: string, planks: number): void {
    this.#change(of, { deposits: this.accounts.get(of)!.deposits + planks });
  }

  #change(of: string, fields: Partial<BookAccount>): void {
    this.accounts.set(of, { ...(this.accounts.get(of) ?? EMPTY), ...fields });
  }
}
