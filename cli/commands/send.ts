/** Owns `pier send FROM TO AMOUNT`: signs here, hands it to nodes, and with `--wait` follows it to its block. */

import { parseAddress } from '../../chain/format/address.ts';
import { formatPier, parsePier } from '../../chain/format/amount.ts';
import { transferBody } from '../../wallet/sign.ts';
import { parseText } from '../arguments.ts';
import type { Context } from '../context.ts';
import { dispatch } from '../dispatch.ts';
import { CliError } from '../faults.ts';
import { checkFeeOptions } from '../fees.ts';
import { looksLikeAddress, resolveWho } from '../keys.ts';
import { shortAddress } from '../layout.ts';
import { Sending, type SendingOptions } from '../sending.ts';
import { keyNameOf, openSigner } from '../signing.ts';
import { tellOutcome } from '../telling.ts';

export interface SendOptions extends SendingOptions {
  readonly memo?: string;
}

export async function run(
  context: Context,
  from: string,
  to: string,
  amount: string,
  options: SendOptions,
): Promise<void> {
  // All that can be wrong with what was typed comes before a passphrase is asked for.
  const planks = parsePier(amount);
  if (planks === 0)
    throw new CliError('BAD_AMOUNT', 'nothing would be sent', 'the smallest amount is 0.000001');
  checkFeeOptions(options);
  const recipient = await resolveWho(context, to);
  const outputs = [{ to: parseAddress(recipient), amount: planks }];
  const body = transferBody(outputs, parseText(options.memo ?? '', 'the memo'));
  const sending = await Sending.open(context, await keyNameOf(context, from), options);
  const signer = await openSigner(sending);
  const what = `${formatPier(planks)} PIER to ${looksLikeAddress(to) ? shortAddress(recipient) : to}`;
  const sent = await dispatch(sending, signer, { what, body: () => body });
  await tellOutcome(sending, sent, options.wait === true, { what });
}
