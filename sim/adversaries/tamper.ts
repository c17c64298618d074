/** Owns what a false node does to its own traffic. The node behind it is a real one; only its words are others. */

import { decodeBody, encodeBody } from '../../chain/format/block.ts';
import { equalBytes } from '../../chain/format/bytes.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import { decodeTransaction } from '../../chain/format/transaction.ts';
import { decodeMessage, encodeMessage, nameOfFrame } from '../../p2p/messages.ts';
import type { Random } from '../random.ts';
import { spoilTransaction } from './forge.ts';

/** Frames instead of one, each some milliseconds later. */
export type Said = readonly { readonly bytes: Uint8Array; readonly afterMs: number }[];

export interface Tamper {
  outgoing(frame: Uint8Array): Said;
  /** What the node hears instead; `null` for nothing. */
  incoming(frame: Uint8Array): Uint8Array | null;
}

const SILENT: Said = [];
/** Longer than a rebuild waits, and at times than a body or a ping does. */
const LATE_MS = 20_000;
const SELFISH_MS = 25_000;
const ANSWERS = ['body', 'blockTransactions', 'transactions', 'headers'];
const NEWS = ['block', 'tip', 'headers', 'body'];

const plain = (bytes: Uint8Array): Said => [{ bytes, afterMs: 0 }];
const hearAll = (frame: Uint8Array): Uint8Array => frame;

type Note = (deed: string) => void;

/** Announces what it has, and never delivers a body or a transaction: also of its own blocks only the header is told. */
export function withholder(note: Note): Tamper {
  const kept = ['body', 'blockTransactions', 'transactions'];
  return {
    outgoing(frame) {
      const name = nameOfFrame(frame) ?? '';
      if (kept.includes(name)) {
        note(name);
        return SILENT;
      }
      const message = name === 'block' ? decodeMessage(frame) : null;
      if (message?.name !== 'block') return plain(frame);
      return plain(encodeMessage('tip', { header: message.body.header }));
    },
    incoming: hearAll,
  };
}

/** Answers late, or twice, or both. */
export function dawdler(random: Random, note: Note): Tamper {
  return {
    outgoing(frame) {
      if (!ANSWERS.includes(nameOfFrame(frame) ?? '')) return plain(frame);
      const late = { bytes: frame, afterMs: random.below(LATE_MS) };
      const isTwice = random.chance(1, 2);
      note(isTwice ? 'twice' : 'late');
      return isTwice ? [late, { bytes: frame, afterMs: random.below(LATE_MS) }] : [late];
    },
    incoming: hearAll,
  };
}

/** Tells nobody of blocks until they are old: what it mines meanwhile is a branch of its own, told all at once. */
export function selfish(nowMs: () => number, note: Note): Tamper {
  return {
    outgoing(frame) {
      if (!NEWS.includes(nameOfFrame(frame) ?? '')) return plain(frame);
      note('kept');
      // All of one stretch of time come together at its end.
      return [{ bytes: frame, afterMs: SELFISH_MS - (nowMs() % SELFISH_MS) }];
    },
    incoming: hearAll,
  };
}

/** Delivers bodies with something changed: the last transaction twice, the first left out, a bit of a signature. */
export function mutator(random: Random, note: Note): Tamper {
  return {
    outgoing(frame) {
      const name = nameOfFrame(frame);
      const message = name === 'body' || name === 'block' ? decodeMessage(frame) : null;
      // Of a block that is only told of, the body is asked for.
      if (message?.name === 'block') return plain(encodeMessage('tip', { header: message.body.header }));
      if (message?.name !== 'body') return plain(frame);
      const transactions = decodeBody(message.body.body);
      if (transactions.length > 0) note('body');
      const body = encodeBody(mutate(transactions, random));
      return plain(encodeMessage('body', { ...message.body, body }));
    },
    incoming: hearAll,
  };
}

/** Another list of transactions that a careless reader would take for this one. */
export function mutate(transactions: readonly Transaction[], random: Random): readonly Transaction[] {
  const last = transactions.at(-1);
  if (last === undefined) return transactions;
  switch (random.below(3)) {
    case 0:
      return [...transactions, last];
    case 1:
      return transactions.slice(1);
    default: {
      return [...transactions.slice(0, -1), spoilTransaction(last, 'signature')];
    }
  }
}

/** Neither takes nor passes on the transactions of one sender; those in blocks of others it can't help. */
export function censor(victim: Uint8Array, note: Note): Tamper {
  return {
    outgoing: plain,
    incoming(frame) {
      const message = nameOfFrame(frame) === 'transactions' ? decodeMessage(frame) : null;
      if (message?.name !== 'transactions') return frame;
      const { request, transactions } = message.body;
      const kept = transactions.filter((bytes) => !equalBytes(decodeTransaction(bytes).sender, victim));
      if (kept.length === transactions.length) return frame;
      note('transactions');
      return encodeMessage('transactions', { request, transactions: kept });
    },
  };
}
