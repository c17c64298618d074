/** Owns `pier balance WHO`. */
import { formatPier } from '../../chain/format/amount.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { resolveWho } from '../keys.ts';
import { countOf, layFacts } from '../layout.ts';

export async function run(context: Context, who: string): Promise<void> {
  const client = openClient(context);
  const address = await resolveWho(context, who);
  const account = await client.account(address);
  const { height, id } = account.tip;
  const document = {
    address,
    balance: formatPier(account.balance),
    nonce: account.nonce,
    height,
    tip: id,
  };
  const waiting = account.nextNonce - account.nonce;
  context.output.result(document, () =>
    layFacts([
      ['balance', `${document.balance} PIER`],
      ['address', address],
      ['sent', countOf(account.nonce, 'transaction')],
      ['waiting', waiting > 0 ? `${countOf(waiting, 'transaction')} to be mined` : null],
      ['deposits', account.deposits > 0 ? `${formatPier(account.deposits)} PIER` : null],
      ['locked', account.locked ? 'yes: only its recovery account can open it' : null],
      ['as of', `block ${height}${account.exists ? '' : ' (this account has never been paid)'}`],
    ]),
  );
}
