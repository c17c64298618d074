/** Owns `pier send FROM TO AMOUNT`: signs here, hands it to a node, and with `--wait` follows it to its block. */

import { formatAddress, parseAddress } from '../../chain/format/address.ts';
import { formatPier, parsePier } from '../../chain/format/amount.ts';
import { fromHex } from '../../chain/format/bytes.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Signer } from '../../wallet/identity.ts';
import type { LedgerClient } from '../../wallet/ledger-client.ts';
import { signTransfer } from '../../wallet/sign.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { CliError, ruleHint } from '../faults.ts';
import { followTransaction } from '../follow.ts';
import { chooseKeyring, looksLikeAddress, resolveWho } from '../keys.ts';
import { layFacts, shortAddress } from '../layout.ts';
import { readPassphrase, type SecretOptions } from '../passphrase.ts';

export interface SendOptions extends SecretOptions {
  readonly fee?: string;
  readonly memo?: string;
  readonly wait?: boolean;
}

/** Blocks after which it can't be mined any more, so that nothing hangs for ever. */
const VALID_BLOCKS = 1_000;

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
  const fee = options.fee === undefined ? null : parsePier(options.fee);
  const client = openClient(context);
  const recipient = await resolveWho(context, to);
  const signer = await openSigner(context, from, options);
  let transaction: Transaction;
  try {
    const sending = { signer, recipient, planks, fee, memo: options.memo ?? '' };
    transaction = await prepareTransfer(client, sending);
  } finally {
    signer.erase();
  }
  await submit(client, transaction);
  const paid = `${formatPier(planks)} PIER to ${looksLikeAddress(to) ? shortAddress(recipient) : to}`;
  if (options.wait !== true) {
    context.output.result({ id: transaction.key, status: 'pending' }, () =>
      layFacts([
        ['pending', `${paid}, fee ${formatPier(transaction.fee)}`],
        ['id', transaction.key],
        ['follow it', `pier tx ${transaction.key}`],
      ]),
    );
    return;
  }
  const block = await followTransaction(client, transaction, context.output.progress(`sending ${paid}`));
  context.output.result({ id: transaction.key, status: 'mined', block }, () =>
    layFacts([
      ['mined', `${paid}, fee ${formatPier(transaction.fee)}`],
      ['id', transaction.key],
      ['block', `${block.height}  ${block.id}`],
    ]),
  );
}

interface Sending {
  readonly signer: Signer;
  readonly recipient: string;
  readonly planks: number;
  readonly fee: number | null;
  readonly memo: string;
}

async function prepareTransfer(client: LedgerClient, sending: Sending): Promise<Transaction> {
  const { signer, recipient, planks, fee, memo } = sending;
  const [account, status, price] = await Promise.all([
    client.account(formatAddress(signer.address)),
    client.status(),
    client.fee(),
  ]);
  const choice = fee === null ? { feePerByte: Math.max(price.perByte, price.floorPerByte) } : { fee };
  return signTransfer({
    chainId: fromHex(status.chainId, 32),
    signer,
    nonce: account.nextNonce,
    validUntil: status.height + VALID_BLOCKS,
    outputs: [{ to: parseAddress(recipient), amount: planks }],
    memo,
    ...choice,
  });
}

/** FROM is a key's name, or the address of one that is in the keyring. */
async function openSigner(context: Context, from: string, options: SecretOptions): Promise<Signer> {
  const { keyring } = chooseKeyring(context);
  const name = looksLikeAddress(from) ? await nameOf(context, from) : from;
  const { encrypted } = await keyring.show(name);
  if (!encrypted) return keyring.open(name);
  const passphrase = await readPassphrase(options, name, false);
  const progress = context.output.progress(`opening ${name}`);
  try {
    return await keyring.open(name, passphrase);
  } finally {
    progress.stop();
  }
}

async function nameOf(context: Context, address: string): Promise<string> {
  const wanted = formatAddress(parseAddress(address));
  for (const { name, key } of await chooseKeyring(context).keyring.list()) {
    if (!(key instanceof Error) && formatAddress(key.address) === wanted) return name;
  }
  throw new CliError('NO_KEY', `no key here opens ${wanted}`, 'see your keys with: pier key list');
}

async function submit(client: LedgerClient, transaction: Transaction): Promise<void> {
  const [submission] = await client.submit([transaction.bytes]);
  const error = submission?.error ?? null;
  if (error !== null)
    throw new CliError(error.code, error.message, ruleHint(error.code) || (error.hint ?? ''));
}
