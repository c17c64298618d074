/**
 * Owns what is counted in a large world: frames and bytes by message, delays, how blocks and transactions spread, and the
 * digest of it all. It grows with the blocks and transactions of the world, a byte a node each.
 */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import { decodeBody } from '../../chain/format/block.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { DOMAIN, hash } from '../../chain/format/hash.ts';
import { type Header, headerId } from '../../chain/format/header.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import { decodeMessage, type MessageName, nameOfFrame } from '../../p2p/messages.ts';
import { Digest } from '../digest.ts';
import type { LightNode, Witness } from './light-node.ts';
import type { Host, Onlooker } from './paths.ts';
import type { Queue } from './queue.ts';
import type { Spread } from './spread.ts';

/** Bytes of an announcement before and for each id: type, count, ids. */
const ANNOUNCE_HEAD_BYTES = 3;
const ID_BYTES = 32;
/** Share of the nodes that have a known transaction; a few of them may leave before they get it. */
const NEARLY_ALL = 0.999;

export interface BlockStory {
  readonly key: string;
  readonly transactions: readonly Transaction[];
  /** All its transactions had reached nearly every node when it was found. */
  readonly known: boolean;
  readonly spread: Spread;
}

export interface TransactionStory {
  readonly transaction: Transaction;
  readonly spread: Spread;
  /** Times its bytes came to a node that was there when it was sent. */
  bodies: number;
}

export class Tally implements Witness, Onlooker {
  readonly digest = new Digest();
  readonly blocks = new Map<string, BlockStory>();
  readonly transactions = new Map<string, TransactionStory>();
  /** Bytes sent, by message. */
  readonly bytes = new Map<MessageName, number>();
  readonly events = new Map<string, number>();
  announced = 0;
  delaySumMs = 0;
  frames = 0;
  readonly #queue: Queue;

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  /** Forgets the traffic so far. */
  begin(): void {
    this.bytes.clear();
    this.events.clear();
    this.announced = 0;
    this.delaySumMs = 0;
    this.frames = 0;
  }

  sent(frame: Uint8Array, delayMs: number): void {
    const name = nameOfFrame(frame)!;
    this.bytes.set(name, (this.bytes.get(name) ?? 0) + frame.length);
    this.delaySumMs += delayMs;
    this.frames++;
  }

  arrived(to: Host, frame: Uint8Array): void {
    this.digest.add(this.#queue.now, '', frame);
    switch (nameOfFrame(frame)) {
      case 'announce':
        this.announced += (frame.length - ANNOUNCE_HEAD_BYTES) / ID_BYTES;
        return;
      case 'transactions':
      case 'blockTransactions':
      case 'body':
        for (const key of transactionsIn(frame)) {
          const story = this.transactions.get(key);
          if (story?.spread.counts(to.index)) story.bodies++;
        }
    }
  }

  /** A transaction was handed to a node. */
  submitted(transaction: Transaction, spread: Spread): void {
    this.transactions.set(transaction.key, { transaction, spread, bodies: 0 });
  }

  /** A block was found. */
  found(header: Header, transactions: readonly Transaction[], spread: Spread): void {
    const key = toHex(headerId(header));
    const known = transactions.every(({ key }) => this.transactions.get(key)!.spread.coverage >= NEARLY_ALL);
    this.blocks.set(key, { key, transactions, known, spread });
  }

  transactionHere(node: LightNode, { key }: Transaction): void {
    const story = this.transactions.get(key);
    story?.spread.reached(node.index, this.#queue.now);
  }

  blockHere(node: LightNode, { key }: HeaderNode): void {
    this.blocks.get(key)?.spread.reached(node.index, this.#queue.now);
  }

  event(name: string, fields: Readonly<Record<string, string | number | boolean>>): void {
    const code = name === 'peerClosed' ? ` ${fields.code}` : '';
    const asked = name === 'blockRebuilt' && fields.asked !== 0 ? ' asked' : '';
    const label = `${name}${code}${asked}`;
    this.events.set(label, (this.events.get(label) ?? 0) + 1);
  }

  /** Bytes sent in these messages. */
  bytesOf(...names: MessageName[]): number {
    return names.reduce((sum, name) => sum + (this.bytes.get(name) ?? 0), 0);
  }
}

/** Keys of the transactions whose bytes are in a frame. */
function transactionsIn(frame: Uint8Array): string[] {
  const message = decodeMessage(frame);
  switch (message?.name) {
    case 'transactions':
    case 'blockTransactions':
      return message.body.transactions.map((bytes) => toHex(hash(DOMAIN.transaction, bytes)));
    case 'body':
      return decodeBody(message.body.body).map(({ key }) => key);
    default:
      return [];
  }
}
