/**
 * Owns following a transaction to a verdict: *mined* and *never* are proved on the chain that the nodes share. What a
 * node merely says is a reason to look, and to hand the same bytes over again.
 */

import { toHex } from '../chain/format/bytes.ts';
import { showString } from '../chain/format/text.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import type { CheckedTransaction } from '../wallet/checked/block-answers.ts';
import { type Outcome, outcomeOf } from '../wallet/checked/outcome.ts';
import { RpcClient } from '../wallet/client.ts';
import { WalletError } from '../wallet/errors.ts';
import type { TransactionAnswer } from '../wallet/ledger-answers.ts';
import { LedgerClient } from '../wallet/ledger-client.ts';
import { CliError } from './faults.ts';
import { handOver } from './hand-over.ts';
import { countOf, shortId } from './layout.ts';
import type { Progress } from './output.ts';
import type { Sending } from './sending.ts';
import { err } from './streams.ts';
import { WaitNotes } from './wait-notes.ts';
import { sleep } from './world.ts';

const POLL_MS = 100;
/** The chain is looked at after so many polls, whatever the nodes say of the transaction. */
const LOOK_POLLS = 20;
/** So long a wait asks for a reason. */
const NOTE_POLLS = 30;
/** How long all nodes may be silent, as while a testnet restarts. */
const SILENCE_MS = 20_000;
/** Nodes that are asked what became of it. */
const ASKED = 3;
/** A node that says so often that it is mined, and shows no proof, lies: blocks and reorganisations come in between. */
const UNPROVED_MAX = 10;
/** Each node may refuse or drop it so often before that is told: pools change from block to block. */
const DROPPED_MAX = 10;

export interface MinedIn {
  readonly height: number;
  readonly id: string;
}

/** One node's word on it. */
interface Word {
  readonly node: string;
  readonly answer: TransactionAnswer;
}

/** The block that holds it; `onInterrupt` is called when Ctrl-C ends the wait. Throws 'EXPIRED' or 'REPLACED' if it is proved that it never will be mined. */
export async function followTransaction(
  sending: Sending,
  transaction: Transaction,
  progress: Progress,
  onInterrupt: () => Promise<void>,
): Promise<MinedIn> {
  const interrupted = async () => {
    progress.stop();
    // If this can't be noted, the same command given again goes on with it, and still pays once.
    await onInterrupt().catch(() => {});
    err.text(`it still waits to be mined; look again with: pier tx ${transaction.key}\n`);
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  try {
    return await new Follower(sending, transaction, progress).run();
  } finally {
    process.off('SIGINT', interrupted);
    progress.stop();
  }
}

class Follower {
  readonly #sending: Sending;
  readonly #transaction: Transaction;
  readonly #progress: Progress;
  /** Times in a row that a node said that it is mined, and that it dropped it. */
  readonly #unproved = new Map<string, number>();
  readonly #dropped = new Map<string, number>();
  readonly #liars = new Set<string>();
  readonly #notes: WaitNotes;
  /** Times that its nonce was found used, and no block with it was shown. */
  #spent = 0;

  constructor(sending: Sending, transaction: Transaction, progress: Progress) {
    this.#sending = sending;
    this.#transaction = transaction;
    this.#progress = progress;
    this.#notes = new WaitNotes(sending.rpc, sending.context.output);
  }

  async run(): Promise<MinedIn> {
    const { world } = this.#sending.context;
    let heard = world.nowMs();
    for (let poll = 1; ; poll++) {
      const words = await this.#ask();
      if (words.length > 0) heard = world.nowMs();
      const claimed = words.filter(({ answer }) => answer.status === 'mined');
      if (claimed.length > 0 || poll % LOOK_POLLS === 0 || this.#mayBeOver(words)) {
        const found = await this.#look(claimed);
        if (found !== null) return found;
      }
      if (words.length === 0 && world.nowMs() - heard >= SILENCE_MS) throw this.#silence();
      await this.#handAgain(words);
      if (poll % NOTE_POLLS === 0) this.#notes.look();
      await sleep(world, POLL_MS);
    }
  }

  async #ask(): Promise<Word[]> {
    const { rpc, context } = this.#sending;
    const { fetch, timer } = context.world;
    const nodes = rpc.nodes.filter((node) => !this.#liars.has(node));
    if (nodes.length === 0) throw this.#allLied();
    const asked = await Promise.allSettled(
      // With one silent for ever the others are asked in its place.
      nodes.slice(0, ASKED).map(async (node, i, first): Promise<Word> => {
        const others = i === 0 ? nodes.slice(first.length) : [];
        const client = new LedgerClient(new RpcClient({ nodes: [node, ...others], fetch, timer }));
        const answer = await client.transaction(this.#transaction.key);
        return { node: client.rpc.node, answer };
      }),
    );
    return asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  /** True if a node's tip lets us suspect that its time has passed. */
  #mayBeOver(words: readonly Word[]): boolean {
    const last = this.#transaction.validUntil + this.#sending.demands.depth;
    return words.some(({ answer }) => answer.tip.height >= last);
  }

  /** The block, if it is proved; null if nothing is. */
  async #look(claimed: readonly Word[]): Promise<MinedIn | null> {
    const outcome = await this.#outcome();
    if (outcome === null) return null;
    const { nonce, validUntil } = this.#transaction;
    if (outcome.kind === 'mined' && outcome.place !== null) {
      const { header, id } = outcome.place.block;
      return { height: header.height, id: toHex(id) };
    }
    if (outcome.kind === 'expired') {
      const message = `not mined by block ${validUntil}, so it never will be: that is proved, ${this.#sending.describe()}`;
      throw new CliError('EXPIRED', message, 'nothing was paid; do it again, perhaps with a higher --fee');
    }
    const used = outcome.kind === 'spent' || outcome.kind === 'mined';
    if (used && ++this.#spent >= UNPROVED_MAX) {
      const message =
        outcome.kind === 'mined'
          ? 'it is mined, and no node shows in which block'
          : `nonce ${nonce} is used, by it or by another transaction: no node shows which`;
      throw new CliError(
        'NOT_VERIFIED',
        message,
        `ask another node before you do it again: ${this.#advice()}`,
      );
    }
    if (outcome.kind === 'replaced') {
      const message = `it never will be mined: transaction ${outcome.by} has its nonce ${nonce}`;
      const hint = `see what that paid before you do it again: pier history ${this.#sending.address}`;
      throw new CliError('REPLACED', message, hint);
    }
    const seen = outcome.kind === 'open' ? outcome.seen : null;
    if (seen !== null) {
      this.#progress.update(this.#describeSeen(seen));
    } else {
      this.#suspect(claimed);
    }
    return null;
  }

  /** Why it is not final yet that it is in a block. */
  #describeSeen({ block }: CheckedTransaction): string {
    const { session, demands } = this.#sending;
    const { height } = block.header;
    const { nodes } = session.agreement;
    if (session.isBehind) return `in block ${height} of a chain with less work than was checked here before`;
    if (nodes.length > 1) return `in block ${height}, which not all ${nodes.length} nodes have yet`;
    const depth = countOf(session.top.header.height - height, 'block');
    return `in block ${height}: ${depth} above it, ${demands.depth} are needed, since one node was heard`;
  }

  async #outcome(): Promise<Outcome | null> {
    const sending = this.#sending;
    const { sender, nonce, key, validUntil } = this.#transaction;
    const intent = { sender, nonce, versions: [{ id: key, validUntil }] };
    try {
      await sending.refresh();
      const outcome = await outcomeOf(sending.session, intent, sending.demands);
      sending.tellObjections();
      return outcome;
    } catch (error) {
      if (error instanceof WalletError) return null;
      if ((error as { ledgerCode?: unknown }).ledgerCode !== undefined) return null;
      throw error;
    }
  }

  /** Counts claims that are not borne out by a chain that reaches as high as they say. */
  #suspect(claimed: readonly Word[]): void {
    const { header } = this.#sending.session.agreement.header;
    for (const { node, answer } of claimed) {
      if (answer.block !== null && answer.block.height > header.height) continue;
      const times = (this.#unproved.get(node) ?? 0) + 1;
      this.#unproved.set(node, times);
      if (times < UNPROVED_MAX) continue;
      this.#liars.add(node);
      this.#sending.context.output.warn(`${node} lies: it claims that it is mined and shows no proof`);
    }
  }

  /** Hands the same bytes to nodes that don't have it; gives up when all have dropped it again and again. */
  async #handAgain(words: readonly Word[]): Promise<void> {
    const lost = words.filter(({ answer }) => answer.status === 'unknown' || answer.status === 'dropped');
    for (const { node, answer } of words) {
      if (answer.status === 'dropped') this.#dropped.set(node, (this.#dropped.get(node) ?? 0) + 1);
      else this.#dropped.delete(node);
    }
    if (lost.length === 0) return;
    await handOver(this.#sending, [this.#transaction]);
    const gone = words.filter(({ node }) => (this.#dropped.get(node) ?? 0) >= DROPPED_MAX);
    if (gone.length < words.length || gone.length === 0) return;
    const told = gone.map(({ node, answer }) => {
      const { code = '', message = 'it gives no reason' } = answer.reason ?? {};
      return `${node} says that it dropped it: ${showString(`${code} ${message}`.trim())}`;
    });
    throw new CliError('DROPPED', `${told.join('; ')}. Nothing of that is proved`, this.#advice());
  }

  #silence(): CliError {
    const nodes = this.#sending.rpc.nodes.join(', ');
    return new CliError('NO_NODE', `no node answers any more: ${nodes}`, this.#advice());
  }

  #allLied(): CliError {
    return new CliError('NOT_VERIFIED', 'no node shows what became of it', this.#advice());
  }

  /** Nothing that could make anyone pay twice. */
  #advice(): string {
    const { key, validUntil } = this.#transaction;
    return `it is signed and kept, and may be mined until block ${validUntil}: pier pending tells, and pier pending resend ${shortId(key)} hands it over again`;
  }
}
