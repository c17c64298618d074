/** Owns what commands that sign tell at their end: the outcome, what it cost, and what was checked. */
import { formatPier } from '../chain/format/amount.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import type { Costs } from '../wallet/checked/rehearsal.ts';
import { verifiedDocument } from './checked.ts';
import type { Sent } from './dispatch.ts';
import { followTransaction, type MinedIn } from './follow.ts';
import { layFacts } from './layout.ts';
import type { Sending } from './sending.ts';

/** What is told of a transaction beside its id and its block. */
export interface Told {
  /** Ends the sentence that begins with 'pending' or 'mined'. */
  readonly what: string;
  readonly document?: object | ((block: MinedIn | null) => object);
  readonly facts?: readonly (readonly [string, string | null])[];
}

/** Follows a transaction if that is wanted, and tells the outcome. The block, or null if it wasn't waited for. */
export async function tellOutcome(
  sending: Sending,
  { transaction, costs, mined, release }: Sent,
  wait: boolean,
  { what, document = {}, facts = [] }: Told,
): Promise<MinedIn | null> {
  const { output } = sending.context;
  const id = transaction.key;
  try {
    const progress = wait || mined ? output.progress(`waiting: ${what}`) : null;
    const onInterrupt = () => markTold(sending, transaction, null);
    const block =
      progress === null ? null : await followTransaction(sending, transaction, progress, onInterrupt);
    const outcome = block === null ? { id, status: 'pending' } : { id, status: 'mined', block };
    const more = typeof document === 'function' ? document(block) : document;
    const { session } = sending;
    const fields = block === null ? [] : ['status', 'block'];
    const verified = { ...verifiedDocument(session, fields), work: String(session.top.work) };
    output.result({ ...outcome, ...more, ...costsDocument(costs), verified }, () =>
      layFacts([
        [outcome.status, `${what}, fee ${formatPier(transaction.fee)}`],
        ...facts,
        ['id', id],
        block === null ? ['follow it', `pier tx ${id}`] : ['block', `${block.height}  ${block.id}`],
        ['surcharge', describeSurcharge(costs)],
        ['checked', sending.describe()],
      ]),
    );
    await markTold(sending, transaction, block);
    return block;
  } finally {
    release();
  }
}

function costsDocument(costs: Costs | null): object {
  if (costs === null) return { resumed: true };
  const { fee, surcharge, deposit } = costs;
  const sign = deposit < 0 ? '-' : '';
  return {
    costs: {
      fee: formatPier(fee),
      surcharge: formatPier(surcharge),
      deposit: `${sign}${formatPier(Math.abs(deposit))}`,
    },
  };
}

function describeSurcharge(costs: Costs | null): string | null {
  if (costs === null || costs.surcharge === 0) return null;
  return `${formatPier(costs.surcharge)} PIER beside the fee, for an account that is new`;
}

/** Its user knows of it from now on: the same command given again means another payment. */
async function markTold({ outbox }: Sending, transaction: Transaction, mined: MinedIn | null): Promise<void> {
  await outbox.exclusively(async () => {
    const entries = outbox.read();
    const isIt = ({ signed }: (typeof entries)[number]) => signed.some(({ key }) => key === transaction.key);
    if (!entries.some(isIt)) return;
    outbox.write(entries.map((entry) => (isIt(entry) ? { ...entry, told: true, mined } : entry)));
  });
}
