/**
 * Owns the way of a transaction from the command line: one of the keyring's keys is opened, what is to be said is
 * signed here, handed to a node, and followed to its block if that is wanted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { authKeyOf, formatAddress, parseAddress } from '../chain/format/address.ts';
import { formatPier, parsePier } from '../chain/format/amount.ts';
import { fromHex, toHex } from '../chain/format/bytes.ts';
import { type Body, SCHEME_ED25519, type Transaction } from '../chain/format/transaction.ts';
import type { Signer } from '../wallet/identity.ts';
import type { KeyDescription } from '../wallet/keyring.ts';
import type { AccountAnswer } from '../wallet/ledger-answers.ts';
import type { LedgerClient } from '../wallet/ledger-client.ts';
import { signTransaction } from '../wallet/sign.ts';
import type { Context } from './context.ts';
import { CliError, ruleHint } from './faults.ts';
import { followTransaction, type MinedIn } from './follow.ts';
import { chooseKeyring, looksLikeAddress } from './keys.ts';
import { layFacts } from './layout.ts';
import { readPassphrase, type SecretOptions } from './passphrase.ts';

export interface SendingOptions extends SecretOptions {
  readonly fee?: string;
  readonly wait?: boolean;
}

/** Blocks after which it can't be mined any more, so that nothing hangs for ever. */
const VALID_BLOCKS = 1_000;
/** How a node refuses a nonce that another transaction of the account has. */
const NONCE_TAKEN = ['REPLACEMENT_FEE', 'NONCE_USED'];
/** Of several commands that race for one nonce one wins each time. */
const ATTEMPTS = 10;
/** Times the attempt, the longest pause after it: racers must not go on side by side. */
const PAUSE_MS = 40;

/** The name of the key that is meant by its name, or by the address of the account it signs for. */
export async function keyNameOf(context: Context, who: string): Promise<string> {
  const { keyring } = chooseKeyring(context);
  if (!looksLikeAddress(who)) return (await keyring.show(who)).name;
  const wanted = formatAddress(parseAddress(who));
  for (const { name, key } of await keyring.list()) {
    if (!(key instanceof Error) && formatAddress(key.address) === wanted) return name;
  }
  throw new CliError('NO_KEY', `no key here opens ${wanted}`, 'see your keys with: pier key list');
}

/**
 * Makes the key of a name the one that its account has now: a rotation or a recovery may have been mined, or undone,
 * since. `WRONG_KEY` if the account has none of those that are here.
 */
export async function settleKey(
  context: Context,
  name: string,
  account: AccountAnswer,
): Promise<KeyDescription> {
  const { keyring } = chooseKeyring(context);
  const key = await keyring.show(name);
  if (account.authKey === null || authKeyText(key) === account.authKey) return key;
  const spare = (await keyring.spares(name)).find((each) => authKeyText(each.key) === account.authKey);
  if (spare === undefined) {
    const hint = `if that was not you, your recovery account can take it back: pier recovery status ${name}`;
    throw new CliError('WRONG_KEY', `the account of ${name} has another key than the one here`, hint);
  }
  await keyring.use(name, spare);
  context.output.note(`${name} signs with its ${spare.state === 'next' ? 'new' : 'earlier'} key now`);
  return spare.key;
}

/** What the ledger keeps of a key, in hex. */
export function authKeyText({ publicKey }: { readonly publicKey: Uint8Array }): string {
  return toHex(authKeyOf(SCHEME_ED25519, publicKey));
}

/** The passphrase of a key, if it has one. */
export async function passphraseOf(key: KeyDescription, options: SecretOptions): Promise<string | undefined> {
  return key.encrypted ? readPassphrase(options, key.name, false) : undefined;
}

/** Stretching a passphrase takes a second: it is shown. */
export async function whileOpening<T>(context: Context, name: string, open: () => Promise<T>): Promise<T> {
  const progress = context.output.progress(`opening ${name}`);
  try {
    return await open();
  } finally {
    progress.stop();
  }
}

/** A signer for FROM: a key's name, or the address of one that is in the keyring. The caller erases it. */
export async function openSigner(
  context: Context,
  client: LedgerClient,
  from: string,
  options: SecretOptions,
): Promise<Signer> {
  const name = await keyNameOf(context, from);
  const { keyring } = chooseKeyring(context);
  const account = await client.account(formatAddress((await keyring.show(name)).address));
  const passphrase = await passphraseOf(await settleKey(context, name, account), options);
  return whileOpening(context, name, () => keyring.open(name, passphrase));
}

/** What a body may have to be made for. */
export interface Place {
  readonly chainId: Uint8Array;
  readonly nonce: number;
}

/**
 * Signs what `makeBody` says with the signer's next nonce, and hands it to a node. Another command may have taken that
 * nonce meanwhile: then it is signed anew with the one after, unless a fee was given, which may be meant to replace. The
 * signer is erased.
 */
export async function send(
  client: LedgerClient,
  signer: Signer,
  fee: string | undefined,
  makeBody: (place: Place) => Body,
): Promise<Transaction> {
  try {
    for (let attempt = 1; ; attempt++) {
      const transaction = await prepare(client, signer, fee, makeBody);
      const asked = client.rpc.node;
      const [submission] = await client.submit([transaction.bytes]);
      const error = submission?.error ?? null;
      if (error === null) return transaction;
      // Only if the first node asked has refused: one that didn't answer may have taken it, and both would be paid.
      const lostRace =
        fee === undefined &&
        NONCE_TAKEN.includes(error.code) &&
        client.rpc.node === asked &&
        attempt < ATTEMPTS;
      if (!lostRace)
        throw new CliError(error.code, error.message, ruleHint(error.code) || (error.hint ?? ''));
      await sleep(Math.random() * attempt * PAUSE_MS);
    }
  } finally {
    signer.erase();
  }
}

async function prepare(
  client: LedgerClient,
  signer: Signer,
  fee: string | undefined,
  makeBody: (place: Place) => Body,
): Promise<Transaction> {
  const planks = fee === undefined ? null : parsePier(fee);
  const [account, status, price] = await Promise.all([
    client.account(formatAddress(signer.address)),
    client.status(),
    client.fee(),
  ]);
  const place = { chainId: fromHex(status.chainId, 32), nonce: account.nextNonce };
  return signTransaction({
    ...place,
    signer,
    validUntil: status.height + VALID_BLOCKS,
    body: makeBody(place),
    ...(planks === null ? { feePerByte: Math.max(price.perByte, price.floorPerByte) } : { fee: planks }),
  });
}

/** What is told of a transaction beside its id and its block. */
export interface Told {
  /** Ends the sentence that begins with 'pending' or 'mined'. */
  readonly what: string;
  readonly document?: object | ((block: MinedIn | null) => object);
  readonly facts?: readonly (readonly [string, string | null])[];
}

/** Follows a transaction if that is wanted, and tells the outcome. The block, or null if it wasn't waited for. */
export async function tellOutcome(
  context: Context,
  client: LedgerClient,
  transaction: Transaction,
  wait: boolean,
  { what, document = {}, facts = [] }: Told,
): Promise<MinedIn | null> {
  const id = transaction.key;
  const block = wait
    ? await followTransaction(client, transaction, context.output.progress(`waiting: ${what}`))
    : null;
  const outcome = block === null ? { id, status: 'pending' } : { id, status: 'mined', block };
  const more = typeof document === 'function' ? document(block) : document;
  context.output.result({ ...outcome, ...more }, () =>
    layFacts([
      [outcome.status, `${what}, fee ${formatPier(transaction.fee)}`],
      ...facts,
      ['id', id],
      block === null ? ['follow it', `pier tx ${id}`] : ['block', `${block.height}  ${block.id}`],
    ]),
  );
  return block;
}
