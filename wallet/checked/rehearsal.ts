/**
 * Owns the rehearsal of a transaction on proved state: the rules themselves say what it costs, or which of them it
 * breaks, before its bytes leave the process. Bounded by what the transactions name.
 */
import type { HeaderContext } from '../../chain/consensus/header-rules.ts';
import { RuleError } from '../../chain/errors.ts';
import { formatAddress } from '../../chain/format/address.ts';
import { toHex } from '../../chain/format/bytes.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import {
  accountRef,
  type Entry,
  type EntryRef,
  encodeEntry,
  recordRef,
  TOTALS,
} from '../../chain/state/entries.ts';
import { accountsOf, recordOf, tryTransaction } from '../../chain/state/execute.ts';
import { WorkingState } from '../../chain/state/working-state.ts';
import type { Session } from './session.ts';
import { ENTRIES_MAX, proveAllOn, type Wanted } from './state-answers.ts';

/** What it takes from its sender, in planks. */
export interface Costs {
  readonly fee: number;
  /** Burned for accounts that it makes. */
  readonly surcharge: number;
  /** Locked for a record; negative if it comes back. */
  readonly deposit: number;
}

/**
 * Executes `transaction` in the block after the agreed one, behind those of its sender that wait. If a rule is broken
 * there, it is tried once more at the tip of the heaviest chain, which may know of newer payments. Throws the
 * `RuleError` that a node would refuse it with.
 */
export async function rehearse(
  session: Session,
  waiting: readonly Transaction[],
  transaction: Transaction,
): Promise<Costs> {
  const { agreement, top } = session;
  const try_ = async (at: HeaderContext, nodes: 'any' | string) => {
    const entries = await entriesFor(session, [...waiting, transaction], at, nodes);
    return execute(session, entries, at.header.height + 1, waiting, transaction);
  };
  try {
    return await try_(agreement.header, 'any');
  } catch (error) {
    if (!(error instanceof RuleError) || top === agreement.header) throw error;
    return await try_(top, agreement.node).catch((later: unknown) => {
      throw later instanceof RuleError ? later : error;
    });
  }
}

type Entries = readonly (readonly [EntryRef, Entry | null])[];

function execute(
  session: Session,
  entries: Entries,
  height: number,
  waiting: readonly Transaction[],
  transaction: Transaction,
): Costs {
  const state = new WorkingState();
  state.load(
    entries.map(([ref]) => ref),
    entries.map(([, entry]) => (entry === null ? null : encodeEntry(entry))),
  );
  const context = { params: session.ledger.params, height, state };
  const { sender } = transaction;
  for (const earlier of waiting) {
    const account = state.account(sender);
    if (account === null || earlier.nonce < account.nonce) continue;
    try {
      tryTransaction(context, earlier);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      // It takes its nonce all the same, should it be mined after all.
      state.changeAccount(sender, height).nonce = earlier.nonce + 1;
    }
  }
  const burned = state.totals().burned;
  const deposits = state.account(sender)?.deposits ?? 0;
  tryTransaction(context, transaction);
  return {
    fee: transaction.fee,
    surcharge: state.totals().burned - burned,
    deposit: (state.account(sender)?.deposits ?? 0) - deposits,
  };
}

async function entriesFor(
  session: Session,
  transactions: readonly Transaction[],
  { header, id }: HeaderContext,
  nodes: 'any' | string,
): Promise<Entries> {
  const wanted = [...wantedBy(transactions).values()];
  const read = async (node: string) => {
    const found: (Entry | null)[] = [];
    for (let at = 0; at < wanted.length; at += ENTRIES_MAX) {
      found.push(...(await proveAllOn(session, node, wanted.slice(at, at + ENTRIES_MAX), header, id)));
    }
    return found;
  };
  const found = nodes === 'any' ? await session.ask(read) : await read(nodes);
  return wanted.map(({ ref }, i) => [ref, found[i]!]);
}

/** All that they may read or change, by the name of its entry. */
function wantedBy(transactions: readonly Transaction[]): Map<string, Wanted> {
  const all = new Map<string, Wanted>([[TOTALS.name, { ref: TOTALS, param: 'supply', name: 'the supply' }]]);
  const add = (ref: EntryRef, param: string) => all.set(ref.name, { ref, param, name: param });
  for (const transaction of transactions) {
    for (const address of accountsOf(transaction)) add(accountRef(address), formatAddress(address));
    const record = recordOf(transaction);
    if (record !== null) add(recordRef(record), toHex(record));
  }
  return all;
}
