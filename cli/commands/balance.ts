/** Owns `pier balance WHO`. */
import { parseAddress } from '../../chain/format/address.ts';
import { formatPier } from '../../chain/format/amount.ts';
import { toHex } from '../../chain/format/bytes.ts';
import type { Account } from '../../chain/state/entries.ts';
import type { Session } from '../../wallet/checked/session.ts';
import { checkedAccount } from '../../wallet/checked/state-answers.ts';
import { NodeLie } from '../../wallet/headers/faults.ts';
import * as answers from '../../wallet/ledger-answers.ts';
import { checked, describeCheck, verifiedDocument } from '../checked.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { resolveWho } from '../keys.ts';
import { countOf, layFacts } from '../layout.ts';

/** What is shown, whether it was checked or believed. */
interface Shown {
  readonly exists: boolean;
  readonly balance: number;
  readonly nonce: number;
  readonly deposits: number;
  readonly locked: boolean;
  readonly height: number;
  readonly tip: string;
}

export async function run(context: Context, who: string): Promise<void> {
  const address = await resolveWho(context, who);
  if (context.trust) return believe(context, address);
  const { answer, session } = await checked(context, (session) => ask(session, address));
  const { account, word } = answer;
  const { header } = session.agreement;
  const shown: Shown = {
    exists: account !== null,
    balance: account?.balance ?? 0,
    nonce: account?.nonce ?? 0,
    deposits: account?.deposits ?? 0,
    locked: account?.locked ?? false,
    height: header.header.height,
    tip: toHex(header.id),
  };
  const verified = verifiedDocument(session, ['address', 'balance', 'nonce', 'height', 'tip']);
  const newer = word !== null && word.tip.height > shown.height && word.balance !== shown.balance;
  context.output.result({ ...documentOf(address, shown), verified }, () =>
    layFacts([
      ...factsOf(address, shown, word === null ? 0 : word.nextNonce - word.nonce),
      ['checked', describeCheck(session)],
      [
        'newer',
        newer
          ? `${formatPier(word.balance)} PIER at block ${word.tip.height}, not deep enough to be checked`
          : null,
      ],
    ]),
  );
}

/** The proved account, and what the node says of its own tip, which is its word only. */
async function ask(
  session: Session,
  address: string,
): Promise<{ account: Account | null; word: answers.AccountAnswer | null }> {
  // One that answers wrongly has no say; the proof below asks another.
  const word = session.rpc
    .callOn(session.agreement.node, 'account', { address })
    .then((result) => answers.account(result, 'account'))
    .catch(() => null);
  const account = await checkedAccount(session, parseAddress(address));
  const told = await word;
  if (
    told !== null &&
    told.address === address &&
    told.tip.id === toHex(session.agreement.header.id) &&
    told.balance !== (account?.balance ?? 0)
  ) {
    const lie = `it claims balance ${formatPier(told.balance)} for ${address}, which block ${told.tip.height} does not hold`;
    session.object(session.agreement.node, new NodeLie(lie));
    return { account, word: null };
  }
  return { account, word: told?.address === address ? told : null };
}

async function believe(context: Context, address: string): Promise<void> {
  const { tip, nextNonce, ...account } = await openClient(context).account(address);
  const shown: Shown = { ...account, height: tip.height, tip: tip.id };
  context.output.result(documentOf(address, shown), () =>
    layFacts(factsOf(address, shown, nextNonce - shown.nonce)),
  );
}

function documentOf(address: string, { balance, nonce, height, tip }: Shown) {
  return { address, balance: formatPier(balance), nonce, height, tip };
}

function factsOf(address: string, shown: Shown, waiting: number): [string, string | null][] {
  return [
    ['balance', `${formatPier(shown.balance)} PIER`],
    ['address', address],
    ['sent', countOf(shown.nonce, 'transaction')],
    ['waiting', waiting > 0 ? `${countOf(waiting, 'transaction')} to be mined` : null],
    ['deposits', shown.deposits > 0 ? `${formatPier(shown.deposits)} PIER` : null],
    ['locked', shown.locked ? 'yes: only its recovery account can open it' : null],
    ['as of', `block ${shown.height}${shown.exists ? '' : ' (this account has never been paid)'}`],
  ];
}
