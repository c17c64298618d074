/**
 * Owns a peer that pushes false blocks, serves them to who asks, and answers with bodies that aren't theirs. Grows with
 * the blocks it made.
 */
import { encodeBody } from '../../chain/format/block.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { encodeHeader, headerId } from '../../chain/format/header.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Message } from '../../p2p/messages.ts';
import { shortId, shortIdKey } from '../../p2p/relay/short-ids.ts';
import type { ForgedBlock } from './forge.ts';
import type { RawPeer } from './raw-peer.ts';

export interface LiarHabits {
  /** What it serves for the true transactions of a block. */
  readonly body?: (transactions: readonly Transaction[]) => readonly Transaction[];
  /** It doesn't answer when it is asked for transactions and bodies. */
  readonly silent?: boolean;
}

export class Liar {
  readonly peer: RawPeer;
  readonly #habits: LiarHabits;
  readonly #blocks = new Map<string, ForgedBlock>();
  /** Headers it shows to who asks, in order. */
  readonly #chain: ForgedBlock[] = [];

  constructor(peer: RawPeer, habits: LiarHabits = {}) {
    this.peer = peer;
    this.#habits = habits;
    peer.heard = (message, link) => this.#answer(message, link);
  }

  /** Takes a block into what it serves, without saying so. */
  keep(block: ForgedBlock): void {
    const key = toHex(headerId(block.header));
    if (!this.#blocks.has(key)) this.#chain.push(block);
    this.#blocks.set(key, block);
  }

  /** Pushes a block on every link, with the short ids of its transactions or of others. */
  push(block: ForgedBlock, shown: readonly Transaction[] = block.transactions): void {
    this.keep(block);
    const { header } = block;
    for (const link of this.peer.links) {
      const { dialler, listener } = this.peer.nonces(link);
      const key = shortIdKey(dialler, listener, headerId(header));
      const shortIds = shown.map(({ id }) => shortId(key, id));
      this.peer.say(link, 'block', { header: encodeHeader(header), shortIds });
    }
  }

  /** Tells of a block's header alone. */
  tell(block: ForgedBlock): void {
    this.keep(block);
    this.peer.shout('tip', { header: encodeHeader(block.header) });
  }

  #answer(message: Message, link: number): boolean {
    if (message.name === 'getHeaders') {
      const { request } = message.body;
      const known = new Set(message.body.locator.map(toHex));
      const after = this.#chain.findLastIndex(({ header }) => known.has(toHex(header.previous)));
      const headers = after < 0 ? [] : this.#chain.slice(after).map(({ header }) => encodeHeader(header));
      this.peer.say(link, 'headers', { request, headers });
    }
    if (this.#habits.silent) return message.name === 'getHeaders';
    if (message.name === 'getBodies') {
      const { request, ids } = message.body;
      for (const id of ids) {
        const block = this.#blocks.get(toHex(id));
        if (block === undefined) this.peer.say(link, 'noBody', { request, id });
        else this.peer.say(link, 'body', { request, id, body: encodeBody(this.#served(block)) });
      }
    } else if (message.name === 'getBlockTransactions') {
      const { request, id, indexes } = message.body;
      const served = this.#served(this.#blocks.get(toHex(id)) ?? { transactions: [] });
      const transactions = indexes.flatMap((index) => served[index]?.bytes ?? []);
      this.peer.say(link, 'blockTransactions', { request, id, transactions });
    }
    return message.name === 'getHeaders';
  }

  #served({ transactions }: Pick<ForgedBlock, 'transactions'>): readonly Transaction[] {
    return this.#habits.body?.(transactions) ?? transactions;
  }
}
