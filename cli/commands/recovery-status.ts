/** Owns `pier recovery status WHO`: who may recover an account, what is under way, and what recovery can't do. */
import { parseAddress } from '../../chain/format/address.ts';
import { checkedAccount } from '../../wallet/checked/state-answers.ts';
import type { AccountAnswer } from '../../wallet/ledger-answers.ts';
import { checked, describeCheck, type VerifiedDocument, verifiedDocument } from '../checked.ts';
import { accountAnswer } from '../checked-shapes.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { resolveWho } from '../keys.ts';
import { countOf, layFacts } from '../layout.ts';
import { LIMITS_OF_RECOVERY } from './recovery.ts';

/** What of the document follows from the account: all of it. */
const FIELDS = [
  ...['address', 'exists', 'locked', 'keySince', 'recovery'],
  ...['pendingChange', 'pendingRecovery', 'mayVeto', 'height', 'tip'],
];

interface ReadAccount {
  readonly account: AccountAnswer;
  /** To be spread into the document; nothing with `--trust`. */
  readonly verified: { readonly verified?: VerifiedDocument };
  /** For people; null with `--trust`. */
  readonly check: string | null;
}

export async function run(context: Context, who: string): Promise<void> {
  const address = await resolveWho(context, who);
  const { account, verified, check } = await readAccount(context, address);
  const { exists, locked, rotatedAt, pendingChange, pendingRecovery, tip } = account;
  const recovery = presentRecovery(account);
  const document = {
    address,
    exists,
    locked,
    keySince: rotatedAt,
    recovery,
    // One whose time has come is written down by the next transaction, and counts before.
    pendingChange: recovery === account.recovery ? pendingChange : null,
    pendingRecovery,
    mayVeto: recovery !== null && tip.height + 1 - rotatedAt > recovery.delay,
    height: tip.height,
    tip: tip.id,
    ...verified,
  };
  context.output.result(document, () =>
    layFacts([
      ['account', exists ? address : `${address} (it has never been paid)`],
      ['recovery', recovery === null ? noRecovery(who) : describe(recovery)],
      ['to change', document.pendingChange && describeChange(document.pendingChange, tip.height)],
      [
        'recovering',
        pendingRecovery && describePending(pendingRecovery.at, tip.height, who, recovery?.account),
      ],
      ['locked', locked ? 'yes: nothing leaves it until its recovery account has claimed it' : null],
      ['its key', describeKey(rotatedAt, document.mayVeto, recovery?.delay)],
      ['as of', `block ${tip.height}`],
      ['checked', check],
    ]),
  );
  context.output.note(LIMITS_OF_RECOVERY);
}

async function readAccount(context: Context, address: string): Promise<ReadAccount> {
  if (context.trust) {
    return { account: await openClient(context).account(address), verified: {}, check: null };
  }
  const bytes = parseAddress(address);
  const { answer, session } = await checked(context, (session) => checkedAccount(session, bytes));
  return {
    account: accountAnswer(bytes, answer, session.agreement),
    verified: { verified: verifiedDocument(session, FIELDS) },
    check: describeCheck(session),
  };
}

function presentRecovery({ recovery, pendingChange, tip }: AccountAnswer): AccountAnswer['recovery'] {
  return pendingChange !== null && tip.height + 1 >= pendingChange.at ? pendingChange.recovery : recovery;
}

const noRecovery = (who: string): string =>
  `none: without its key the account is lost (pier recovery set ${who} --by WHO --delay BLOCKS)`;

const describe = ({ account, delay }: { account: string; delay: number }): string =>
  `by ${account}, after ${countOf(delay, 'block')}`;

function describeChange(
  { recovery, at }: NonNullable<AccountAnswer['pendingChange']>,
  height: number,
): string {
  const to = recovery === null ? 'none' : describe(recovery);
  return `to ${to}, from block ${at} on (${countOf(at - height - 1, 'block')} more)`;
}

function describePending(at: number, height: number, who: string, account: string | undefined): string {
  const left = at - height - 1;
  const when = left > 0 ? `from block ${at} on (${countOf(left, 'block')} more)` : 'now';
  return `a new key can be claimed ${when}, by ${account ?? 'nobody'}; the owner stops it with: pier recovery veto ${who} --from KEY`;
}

function describeKey(rotatedAt: number, mayVeto: boolean, delay: number | undefined): string {
  const since = `current since block ${rotatedAt}`;
  if (delay === undefined) return since;
  return mayVeto
    ? `${since}: it may stop a recovery`
    : `${since}: too young to stop a recovery before block ${rotatedAt + delay + 1}`;
}
