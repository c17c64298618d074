/** Owns `pier send FROM TO AMOUNT`: signs here, hands it to a node, and with `--wait` follows it to its block. */

import { parseAddress } from '../../chain/format/address.ts';
import { formatPier, parsePier } from '../../chain/format/amount.ts';
import { transferBody } from '../../wallet/sign.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { CliError } from '../faults.ts';
import { looksLikeAddress, resolveWho } from '../keys.ts';
import { shortAddress } from '../layout.ts';
import { openSigner, type SendingOptions, send, tellOutcome } from '../signing.ts';

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
  if (options.fee !== undefined) parsePier(options.fee);
  const client = openClient(context);
  const recipient = await resolveWho(context, to);
  const outputs = [{ to: parseAddress(recipient), amount: planks }];
  const body = transferBody(outputs, options.memo ?? '');
  const signer = await openSigner(context, client, from, options);
  const transaction = await send(client, signer, options.fee, () => body);
  const what = `${formatPier(planks)} PIER to ${looksLikeAddress(to) ? shortAddress(recipient) : to}`;
  await tellOutcome(context, client, transaction, options.wait === true, { what });
}
