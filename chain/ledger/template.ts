/**
 * Owns the block template: a header without a nonce over the best transactions, executed on the tip so that its state
 * root is right. What can't be executed is left out and named, with the reason.
 */
import { childDifficulty, historyRootAfter } from '../consensus/header-rules.ts';
import type { HeaderNode } from '../consensus/header-tree.ts';
import { RuleError } from '../errors.ts';
import { bytesInBlock, EMPTY_BLOCK_BYTES } from '../format/block.ts';
import { HEADER_VERSION, type Header } from '../format/header.ts';
import { txRoot } from '../format/merkle.ts';
import type { Params } from '../format/params.ts';
import { signatureCount, type Transaction } from '../format/transaction.ts';
import { eachWeighed, runSliced } from '../slices.ts';
import { creditMatured, executeTransaction, keepReward, weightOf } from '../state/execute.ts';
import type { Ledger } from './ledger.ts';

export interface Template {
  readonly parent: HeaderNode;
  /** Complete but for the nonce. */
  readonly header: Header;
  readonly transactions: readonly Transaction[];
  /** Candidates that the state at the tip refuses. */
  readonly refused: readonly Refused[];
}

export interface Refused {
  readonly transaction: Transaction;
  readonly error: RuleError;
}

/** Entries touched between two pauses. */
const SLICE = 250;

/**
 * Builds a template on the tip. `candidates` come in the order wanted, nonces of a sender in sequence; `miner` is the
 * address that earns, `wallMs` the local clock. Changes nothing.
 */
export function buildTemplate(
  ledger: Ledger,
  options: { candidates: Iterable<Transaction>; miner: Uint8Array; wallMs: number },
): Promise<Template> {
  return ledger.exclusively(async () => {
    const parent = ledger.tip;
    const height = parent.height + 1;
    const chosen = withinLimits(ledger.params, options.candidates);
    const state = await ledger.connector.loadState(height, parent, chosen);
    const context = { params: ledger.params, height, state };
    creditMatured(context);
    const transactions: Transaction[] = [];
    const attempt = async (candidates: readonly Transaction[]): Promise<Refused[]> => {
      const refused: Refused[] = [];
      const attempts = eachWeighed(
        candidates,
        weightOf,
        (transaction) => {
          try {
            executeTransaction(context, transaction, transactions.length);
            transactions.push(transaction);
          } catch (error) {
            if (!(error instanceof RuleError)) throw error;
            refused.push({ transaction, error });
          }
        },
        SLICE,
      );
      await runSliced(attempts, ledger.pause);
      return refused;
    };
    // A second try for what spends money that another candidate, with a lower fee, brings.
    const first = await attempt(chosen);
    const refused = await attempt(first.map(({ transaction }) => transaction));
    keepReward(
      context,
      options.miner,
      transactions.reduce((fees, { fee }) => fees + fee, 0),
    );
    const changes = await runSliced(state.changing(), ledger.pause);
    const stateRoot = await ledger.connector.rootWith(changes);
    const header = {
      version: HEADER_VERSION,
      height,
      previous: parent.id,
      historyRoot: historyRootAfter(parent),
      txRoot: txRoot(transactions.map(({ id }) => id)),
      stateRoot,
      ...stamp(ledger.params, parent, options.wallMs),
      miner: options.miner,
      nonce: 0,
    };
    return { parent, header, transactions, refused };
  });
}

/** The same template at a later time: nothing but the time and what follows from it changes. */
export function restamp(params: Params, template: Template, wallMs: number): Template {
  return { ...template, header: { ...template.header, ...stamp(params, template.parent, wallMs), nonce: 0 } };
}

/** Time, elapsed time and bits of a child mined now: never before its parent, whatever our clock says. */
function stamp(
  params: Params,
  parent: HeaderNode,
  wallMs: number,
): Pick<Header, 'time' | 'elapsed' | 'bits'> {
  const time = Math.max(wallMs, parent.header.time + 1);
  return { time, ...childDifficulty(params, parent, time) };
}

function withinLimits(params: Params, candidates: Iterable<Transaction>): Transaction[] {
  const chosen: Transaction[] = [];
  let bytes = EMPTY_BLOCK_BYTES;
  let signatures = 0;
  for (const tx of candidates) {
    bytes += bytesInBlock(tx);
    signatures += signatureCount(tx);
    if (bytes > params.limits.blockBytes || signatures > params.limits.blockSignatures) break;
    chosen.push(tx);
  }
  return chosen;
}
