/** Owns the history of an account, checked: what touched it, and what each transaction meant to it. */
import { formatAddress } from '../../chain/format/address.ts';
import { amountFor, counterpartOf } from '../../chain/format/movement.ts';
import { accountRef } from '../../chain/state/entries.ts';
import type { HistoryAnswer } from '../ledger-answers.ts';
import { type CheckedTransaction, placeOf } from './block-answers.ts';
import type { Session } from './session.ts';
import { accountOf, proveOn } from './state-answers.ts';
import { type Subject, touchesOn } from './touches.ts';

export interface CheckedHistory {
  /** Newest first. */
  readonly items: HistoryAnswer['items'];
  /** Where the next page begins: how many transactions are older than those shown. `null`: none. */
  readonly next: string | null;
  /** True: those older are more than a node proves at once. */
  readonly cut: boolean;
}

/** `before`: the `next` of the page before. */
export function checkedHistory(
  session: Session,
  address: Uint8Array,
  limit: number,
  before: string | undefined,
): Promise<CheckedHistory> {
  const name = formatAddress(address);
  const subject: Subject = { param: { address: name }, tag: 'accountHistory', name };
  return session.ask(async (node) => {
    const wanted = { ref: accountRef(address), param: name, name };
    const account = accountOf(await proveOn(session, node, wanted), name);
    if (account === null) return { items: [], next: null, cut: false };
    const { places, next, cut } = await touchesOn(session, node, subject, account, { limit, before });
    return { items: places.map((place) => itemOf(address, place)), next, cut };
  });
}

function itemOf(account: Uint8Array, place: CheckedTransaction): HistoryAnswer['items'][number] {
  const { transaction } = place;
  const to = counterpartOf(account, transaction);
  return {
    ...placeOf(place),
    kind: transaction.body.TAG,
    from: formatAddress(transaction.sender),
    to: to === null ? null : formatAddress(to),
    amount: amountFor(account, transaction),
    fee: transaction.fee,
  };
}
