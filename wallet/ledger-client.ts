/**
 * Owns asking nodes about the ledger: one method each, with the answer read and compared with the question. A node
 * that answers about something else has failed, and another is asked.
 */
import { parseAddress } from '../chain/format/address.ts';
import { fromHex, toHex } from '../chain/format/bytes.ts';
import { DOMAIN, hash } from '../chain/format/hash.ts';
import { recordId } from '../chain/format/transaction.ts';
import type { Reader } from './answers.ts';
import * as causes from './cause-answers.ts';
import type { RpcClient } from './client.ts';
import { WalletError } from './errors.ts';
import * as answers from './ledger-answers.ts';

/** Most transactions of one `submit` call. */
export const SUBMIT_MAX = 1_000;
/** Most bytes of transactions of one call: as hex, and with what is around them, below a node's limit of 1 MiB. */
const SUBMIT_BYTES_MAX = 480_000;

export interface Asked {
  readonly signal?: AbortSignal | undefined;
}

/** Which block: one of the chain by height, any by id, or the tip. */
export type BlockReference = { readonly height: number } | { readonly id: string } | 'tip';

/** Which record: by its id in hex, or by the address of who made it first and its name. */
export type RecordReference = { readonly id: string } | { readonly creator: string; readonly name: string };

export class LedgerClient {
  readonly rpc: RpcClient;

  constructor(rpc: RpcClient) {
    this.rpc = rpc;
  }

  status(asked?: Asked): Promise<answers.Status> {
    return this.#ask('status', {}, answers.status, asked);
  }

  /** The chain id and the `genesis.json` it comes from; whoever relies on it computes the id anew. */
  params(asked?: Asked): Promise<{ chainId: string; genesis: object }> {
    const check = (result: unknown) => {
      const { chainId } = answers.params(result, 'params');
      return { chainId, genesis: (result as { genesis: object }).genesis };
    };
    return this.rpc.call('params', {}, { ...asked, check });
  }

  /** `address` is text. An account that doesn't exist has `exists: false` and zeros. */
  account(address: string, asked?: Asked): Promise<answers.AccountAnswer> {
    return this.#ask(
      'account',
      { address: address.toLowerCase() },
      answers.account,
      asked,
      (answer) => answer.address === address.toLowerCase(),
    );
  }

  /** Mined transactions of an account, newest first, at most `limit` (100); `before` is the `next` of the page before. */
  history(
    address: string,
    page: { limit?: number; before?: string } = {},
    asked?: Asked,
  ): Promise<answers.HistoryAnswer> {
    return this.#ask('history', { address, ...page }, answers.accountHistory, asked);
  }

  /** A record, by its id, or by who made it first and its name. `RpcError` 'NO_RECORD' if there never was one. */
  record(which: RecordReference, asked?: Asked): Promise<answers.RecordAnswer> {
    const wanted = 'id' in which ? which.id : recordIdOf(which);
    return this.#ask('record', { id: wanted }, answers.record, asked, (answer) => isOf(answer, wanted));
  }

  /** Records that an account owns, in the order of their ids, at most `limit` (100); `after` is the `next` of the page before. */
  records(
    owner: string,
    page: { limit?: number; after?: string } = {},
    asked?: Asked,
  ): Promise<answers.RecordsAnswer> {
    return this.#ask('records', { owner, ...page }, answers.records, asked, ({ records }) =>
      records.every((record) => record.owner === owner && isOf(record, record.id)),
    );
  }

  /** What became of a record, newest first, at most `limit` (100); `before` is the `next` of the page before. */
  recordHistory(
    id: string,
    page: { limit?: number; before?: string } = {},
    asked?: Asked,
  ): Promise<answers.RecordHistoryAnswer> {
    return this.#ask('recordHistory', { id, ...page }, answers.recordHistory, asked);
  }

  block(which: BlockReference, asked?: Asked): Promise<answers.BlockAnswer> {
    return this.#ask('block', which === 'tip' ? {} : which, answers.block, asked, (answer) => {
      if (which === 'tip') return true;
      return 'id' in which ? answer.id === which.id : answer.height === which.height;
    });
  }

  /** `id` in hex. One the node has never heard of has the status 'unknown'. */
  transaction(id: string, asked?: Asked): Promise<answers.TransactionAnswer> {
    return this.#ask('transaction', { id }, answers.transaction, asked, (answer) => answer.id === id);
  }

  /**
   * Hands over signed transactions, in as many calls as it takes; one result each, in order. Doing it again is
   * harmless, so a node that didn't answer in time is no reason not to ask the next.
   */
  async submit(transactions: readonly Uint8Array[], asked?: Asked): Promise<answers.Submission[]> {
    const results: answers.Submission[] = [];
    for (const batch of batchesOf(transactions)) {
      const expected = batch.map((bytes) => toHex(hash(DOMAIN.transaction, bytes)));
      const matches = ({ results }: { results: answers.Submission[] }) =>
        results.length === batch.length &&
        results.every(({ id, status, error }, i) =>
          error === null ? id === expected[i] && status !== null : id === null || id === expected[i],
        );
      const answer = await this.#ask(
        'submit',
        { transactions: batch.map(toHex) },
        answers.submit,
        asked,
        matches,
      );
      results.push(...answer.results);
    }
    return results;
  }

  mempool(page: { limit?: number } = {}, asked?: Asked): Promise<answers.MempoolAnswer> {
    return this.#ask('mempool', page, answers.mempool, asked);
  }

  /** What a transaction must pay now, planks a byte: in the rules, and to get into the node's mempool. */
  fee(asked?: Asked): Promise<answers.FeeAnswer> {
    return this.#ask('fee', {}, answers.fee, asked);
  }

  /** What became of a transaction, as the node that answers saw it. `id` in hex. */
  whyTransaction(id: string, asked?: Asked): Promise<causes.TransactionStory> {
    return this.#ask('whyTransaction', { id }, causes.transactionStory, asked, (answer) => answer.id === id);
  }

  /** Why that node's tip is its tip. */
  whyTip(asked?: Asked): Promise<causes.TipStory> {
    return this.#ask('whyTip', {}, causes.tipStory, asked);
  }

  peers(asked?: Asked): Promise<answers.PeersAnswer> {
    return this.#ask('peers', {}, answers.peers, asked);
  }

  forks(asked?: Asked): Promise<answers.ForksAnswer> {
    return this.#ask('forks', {}, answers.forks, asked);
  }

  #ask<T>(
    method: string,
    params: object,
    reader: Reader<T>,
    asked: Asked = {},
    matches: (answer: T) => boolean = () => true,
  ): Promise<T> {
    const check = (result: unknown): T => {
      const answer = reader(result, method);
      if (!matches(answer)) throw new WalletError('BAD_ANSWER', `${method} is about something else`);
      return answer;
    };
    return this.rpc.call(method, params, { ...asked, check });
  }
}

/** The id, in hex, of what `creator` named so. */
export function recordIdOf({ creator, name }: { creator: string; name: string }): string {
  return toHex(recordId(parseAddress(creator), new TextEncoder().encode(name)));
}

/** An id follows from creator and name: a node can't pass one record off as another. */
function isOf({ id, creator, nameHex }: answers.RecordSummary, wanted: string): boolean {
  if (id !== wanted || nameHex === null) return false;
  return toHex(recordId(parseAddress(creator), fromHex(nameHex))) === wanted;
}

function* batchesOf(transactions: readonly Uint8Array[]): Generator<Uint8Array[]> {
  let batch: Uint8Array[] = [];
  let size = 0;
  for (const bytes of transactions) {
    if (batch.length === SUBMIT_MAX || (batch.length > 0 && size + bytes.length > SUBMIT_BYTES_MAX)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(bytes);
    size += bytes.length;
  }
  if (batch.length > 0) yield batch;
}
