/**
 * Owns a peer that pushes false blocks, serves them to who asks, and answers with bodies that aren't theirs. Grows with
 * the blocks it made.
 */
import { encodeBody } from '../../chain/format/block.ts';
import { equalBytes, toHex } from '../../chain/format/bytes.ts';
import { encodeHeader, type Header, headerId } from '../../chain/format/header.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import { HEADERS_MAX } from '../../p2p/limits.ts';
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
  /** Headers it shows to who asks, each branch in order; the last one that fits is shown. */
  #branches: Header[][] = [[]];

  constructor(peer: RawPeer, habits: LiarHabits = {}) {
    this.peer = peer;
    this.#habits = habits;
    peer.heard = (message, link) => this.#answer(message, link);
  }

  /** Takes a block into what it serves, without saying so. */
  keep(block: ForgedBlock): void {
    const key = toHex(headerId(block.header));
    if (!this.#blocks.has(key)) this.#branches[0]!.push(block.header);
    this.#blocks.set(key, block);
  }

  /** Tells of the last of these headers, shows the others to who asks, and has no body of any. */
  claim(branch: readonly Header[]): void {
    this.#branches.push([...branch]);
    this.peer.shout('tip', { header: encodeHeader(branch.at(-1)!) });
  }

  /** Shows nothing of what it has shown so far: a false header would be the first that a new link hears. */
  forget(): void {
    this.#blocks.clear();
    this.#branches = [[]];
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
      const headers = this.#after(new Set(message.body.locator.map(toHex))).map(encodeHeader);
      this.peer.say(link, 'headers', { request, headers });
    }
    if (this.#habits.silent) return message.name === 'getHeaders';
    if (message.name === 'getBodies') {
      const { request, ids } = message.body;
      for (const id of ids) {
        const block = this.#blocks.get(toHex(id));
        if (block === undefined && this.#claims(id)) continue;
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

  #after(known: ReadonlySet<string>): Header[] {
    for (const branch of this.#branches.toReversed()) {
      const at = branch.findLastIndex(({ previous }) => known.has(toHex(previous)));
      if (at < 0) continue;
      // As far as one follows the other: what it made itself has others' blocks between.
      let end = at + 1;
      while (end < branch.length && equalBytes(branch[end]!.previous, headerId(branch[end - 1]!))) end++;
      return branch.slice(at, Math.min(end, at + HEADERS_MAX));
    }
    return [];
  }

  #claims(id: Uint8Array): boolean {
    return this.#branches.slice(1).some((branch) => branch.some((h) => equalBytes(headerId(h), id)));
  }

  #served({ transactions }: Pick<ForgedBlock, 'transactions'>): readonly Transaction[] {
    return this.#habits.body?.(transactions) ?? transactions;
  }
}
