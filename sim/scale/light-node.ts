/**
 * Owns one node of a large world: the very protocol machine over a light ledger, with what a reactor would do for it.
 * A frame is taken in no time; checking transactions and executing a block take the times below.
 */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { RuleError } from '../../chain/errors.ts';
import { concat, equalBytes } from '../../chain/format/bytes.ts';
import { DOMAIN, hash } from '../../chain/format/hash.ts';
import type { Header } from '../../chain/format/header.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { TransportInput } from '../../node/ports.ts';
import type { Effect, Identity, Input } from '../../p2p/door.ts';
import { Machine } from '../../p2p/machine.ts';
import type { Random } from '../random.ts';
import type { Commons } from './commons.ts';
import { LightLedger } from './light-ledger.ts';
import type { End, Host, Paths } from './paths.ts';
import type { Actor, Queue } from './queue.ts';

/** Checking a batch of transactions, before they are passed on. */
const CHECK_MS = 2;
/** Executing a block, after it is passed on and before a miner builds on it. */
export const EXECUTE_MS = 20;
/** Reading a body from the disk. */
const READ_MS = 1;
/** Clocks of nodes are apart by up to twice that. */
const SKEW_MS = 500;

const WAKE = 0;
const CHECKED = 1;
const EXECUTED = 2;
const READ = 3;

/** What a node tells of itself. */
export interface Witness {
  /** It has the transaction, from a peer or in a block. */
  transactionHere(node: LightNode, transaction: Transaction): void;
  /** It has the whole block, which isn't executed yet. */
  blockHere(node: LightNode, block: HeaderNode): void;
  event(name: string, fields: Readonly<Record<string, string | number | boolean>>): void;
}

export interface LightNodeParts {
  readonly commons: Commons;
  readonly queue: Queue;
  readonly paths: Paths;
  readonly witness: Witness;
  readonly random: Random;
  /** `a.b.0.1`: each node in a network group of its own. */
  readonly host: string;
  readonly address: string;
  readonly savedAddresses: Uint8Array;
}

export class LightNode implements Host, Actor {
  readonly index: number;
  readonly host: string;
  readonly address: string;
  readonly ledger: LightLedger;
  readonly machine: Machine;
  readonly ends = new Map<number, End>();
  readonly bornAt: number;
  uplinkAt = 0;
  isUp = true;
  readonly #commons: Commons;
  readonly #queue: Queue;
  readonly #paths: Paths;
  readonly #witness: Witness;
  readonly #skewMs: number;
  #wakeAt: number | null = null;
  #lastLink = 0;

  constructor(index: number, parts: LightNodeParts) {
    const { commons, queue, paths, witness, random, host, address, savedAddresses } = parts;
    this.index = index;
    this.host = host;
    this.address = address;
    this.#commons = commons;
    this.#queue = queue;
    this.#paths = paths;
    this.#witness = witness;
    this.#skewMs = random.between(-SKEW_MS, SKEW_MS);
    this.bornAt = queue.now;
    this.ledger = new LightLedger(commons);
    this.machine = new Machine({
      headers: this.ledger.headers,
      chain: this.ledger,
      pool: this.ledger.pool,
      identity: standInIdentity(random.bytes(32)),
      random: () => random.next(),
      config: { listen: address, agent: 'sim', peers: [] },
    });
    paths.register(address, this);
    this.#input({ type: 'start', savedAddresses });
  }

  nextLink(): number {
    return ++this.#lastLink;
  }

  report(input: TransportInput): void {
    this.#input(input);
  }

  /** Milliseconds since 1970 by its own clock. */
  get wallMs(): number {
    return this.#commons.params.time + this.#queue.now + this.#skewMs;
  }

  /** A user hands it a transaction. */
  submit(transaction: Transaction): void {
    this.ledger.pool.set(transaction.key, transaction);
    this.#witness.transactionHere(this, transaction);
    this.#input({ type: 'transactionsAdded', transactions: [transaction], link: null });
  }

  /** It has found a block. */
  mined(header: Header, transactions: readonly Transaction[]): HeaderNode {
    const node = this.ledger.headers.add(header, this.wallMs);
    this.#commons.addBlock(node.key, transactions);
    this.#input({ type: 'blockMined', node, transactions });
    this.#accept(node);
    return node;
  }

  /** It is gone, without a word. */
  leave(): void {
    this.isUp = false;
    this.#paths.forget(this.address);
    for (const end of this.ends.values()) end.abandon();
    this.ends.clear();
  }

  take(what: number, payload: unknown) {
    switch (what) {
      case WAKE:
        if (this.#wakeAt !== payload) return;
        this.#wakeAt = null;
        return this.#input({ type: 'wake' });
      case CHECKED:
        return this.#checked(payload as Extract<Effect, { type: 'checkTransactions' }>);
      case EXECUTED:
        return this.#executed(payload as HeaderNode);
      default:
        this.#input(payload as Input);
    }
  }

  #input(input: Input): void {
    if (!this.isUp) return;
    const { now } = this.#queue;
    const effects = this.machine.handle(input, { monotonicMs: now - this.bornAt, wallMs: this.wallMs });
    for (const effect of effects) this.#carryOut(effect);
    const deadline = this.machine.deadline();
    if (deadline === null) return;
    const due = Math.max(now, Math.ceil(deadline + this.bornAt));
    // A wake that is put off costs no new event until the earlier one is due.
    if (this.#wakeAt !== null && this.#wakeAt <= due) return;
    this.#wakeAt = due;
    this.#queue.at(due, this, WAKE, due);
  }

  #carryOut(effect: Effect) {
    switch (effect.type) {
      case 'dial':
        return this.#paths.dial(this, effect.address);
      case 'send':
        return this.ends.get(effect.link)?.send(effect.bytes);
      case 'close':
        return this.ends.get(effect.link)?.close();
      case 'checkTransactions':
        return this.#queue.after(CHECK_MS, this, CHECKED, effect);
      case 'acceptBlock':
        return this.#accept(effect.node);
      case 'readBody': {
        const { token, node } = effect;
        const { body } = this.#commons.block(node.key);
        return this.#queue.after(READ_MS, this, READ, { type: 'bodyRead', token, body } satisfies Input);
      }
      case 'saveAddresses':
        return;
      case 'event':
        return this.#witness.event(effect.name, effect.fields);
    }
  }

  #accept(node: HeaderNode): void {
    for (const tx of this.#commons.block(node.key).transactions) this.#witness.transactionHere(this, tx);
    this.#witness.blockHere(this, node);
    this.ledger.bodyReceived(node);
    this.#queue.after(EXECUTE_MS, this, EXECUTED, node);
  }

  #executed(node: HeaderNode): void {
    const returned = this.ledger.advance();
    this.#input({ type: 'blockChecked', node, error: null, link: null });
    if (returned === null) return;
    this.#input({ type: 'tipChanged', tip: this.ledger.tip });
    if (returned.length > 0) this.#input({ type: 'transactionsAdded', transactions: returned, link: null });
  }

  #checked({ link, transactions }: Extract<Effect, { type: 'checkTransactions' }>): void {
    if (!this.isUp) return;
    const added: Transaction[] = [];
    const results = transactions.map(({ key }) => {
      if (this.ledger.pool.has(key)) return { key, error: new RuleError('ALREADY_KNOWN') };
      if (this.ledger.isMined(key)) return { key, error: new RuleError('ALREADY_MINED') };
      const transaction = this.#commons.transaction(key);
      this.ledger.pool.set(key, transaction);
      this.#witness.transactionHere(this, transaction);
      added.push(transaction);
      return { key, error: null };
    });
    this.#input({ type: 'transactionsChecked', link, results });
    if (added.length > 0) this.#input({ type: 'transactionsAdded', transactions: added, link });
  }
}

/** Signs with a hash, which everybody could: nobody cheats here, and Ed25519 would cost more than all else together. */
function standInIdentity(publicKey: Uint8Array): Identity {
  const signatureOf = (key: Uint8Array, message: Uint8Array): Uint8Array => {
    const half = hash(DOMAIN.handshakeSignature, key, message);
    return concat(half, half);
  };
  return {
    publicKey,
    sign: (message) => signatureOf(publicKey, message),
    verify: (key, message, signature) => equalBytes(signature, signatureOf(key, message)),
  };
}
