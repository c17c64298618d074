/** Owns the commands with which a key ends: `pier key rotate` and `pier key revoke`. */
import { formatAddress } from '../../chain/format/address.ts';
import type { SpareKey } from '../../wallet/keyring.ts';
import { newestOf, nonceOf } from '../../wallet/outbox.ts';
import { proveKey } from '../../wallet/sign.ts';
import type { Context } from '../context.ts';
import { dispatch, settleOutbox } from '../dispatch.ts';
import { CliError } from '../faults.ts';
import { checkFeeOptions } from '../fees.ts';
import { chooseKeyring } from '../keys.ts';
import { shortId } from '../layout.ts';
import { Sending, type SendingOptions } from '../sending.ts';
import { authKeyText, keyNameOf, openSigner, passphraseOf, settleKey, whileOpening } from '../signing.ts';
import { tellOutcome } from '../telling.ts';

/**
 * Gives the account of a key a new one. The new key is on disk before the ledger hears of it, and takes the old one's
 * place when its rotation is mined; wherever this is cut, it is finished by doing it again, or by any later signing.
 */
export async function rotate(context: Context, who: string, options: SendingOptions): Promise<void> {
  checkFeeOptions(options);
  const name = await keyNameOf(context, who);
  const { keyring } = chooseKeyring(context);
  const before = await keyring.show(name);
  const address = formatAddress(before.address);
  const sending = await Sending.open(context, name, options);
  const account = await sending.account(address);
  if (!account.exists) {
    throw new CliError(
      'NO_ACCOUNT',
      `${name} has no account yet`,
      `make another key instead: pier key new NAME`,
    );
  }
  const current = await settleKey(context, name, account);
  if (authKeyText(current) !== authKeyText(before)) {
    const document = { name, address, status: 'mined' };
    context.output.result(document, `an earlier rotation of ${name} has been mined: it has its new key now`);
    return;
  }
  const { open } = await sending.outbox.exclusively(() => settleOutbox(sending));
  const earlier = open.find(
    (entry) => nonceOf(entry) >= account.nonce && newestOf(entry).body.TAG === 'rotate',
  );
  if (earlier !== undefined) {
    const id = shortId(newestOf(earlier).key);
    const hint = `when it is mined, anything that signs with ${name} takes its new key; if it is not: pier pending replace ${id}`;
    throw new CliError('ROTATION_PENDING', `an earlier change of ${name} waits to be mined`, hint);
  }
  const passphrase = await passphraseOf(current, options);
  const signer = await whileOpening(context, name, () => keyring.open(name, passphrase));
  const next = await whileOpening(context, name, () =>
    keyring.drawNext(name, passphrase === undefined ? {} : { passphrase }),
  );
  try {
    const sender = signer.address;
    const what = `new key for ${name}`;
    const sent = await dispatch(sending, signer, {
      what,
      body: ({ chainId, nonce }) => ({
        TAG: 'rotate',
        data: proveKey(next.signer, { chainId, sender, nonce }),
      }),
      beforeSent: next.keep,
    });
    const block = await tellOutcome(sending, sent, options.wait !== false, {
      what,
      document: { name, address },
      facts: [['address', `${address}, as before`]],
    });
    if (block !== null) await keyring.use(name, next.spare);
  } finally {
    next.signer.erase();
  }
  tellWords(context, name, next.spare);
}

function tellWords(context: Context, name: string, { key }: SpareKey): void {
  if (key.encrypted)
    context.output.note(`its recovery words are new too, write them down: pier key export ${name}`);
  context.output.note('the old key stays in the keyring, in case the chain takes the change back');
}

/** Locks the account of a key: only its recovery account can open it again. */
export async function revoke(context: Context, who: string, options: SendingOptions): Promise<void> {
  checkFeeOptions(options);
  const name = await keyNameOf(context, who);
  const sending = await Sending.open(context, name, options);
  const { address } = sending;
  const { recovery } = await sending.account(address);
  if (recovery === null) {
    const hint = `nobody could ever open it again; name one first: pier recovery set ${name} --by WHO --delay BLOCKS`;
    throw new CliError('NO_RECOVERY', `${name} has no recovery account`, hint);
  }
  const what = `${name} locked: nothing leaves it any more`;
  const signer = await openSigner(sending);
  const sent = await dispatch(sending, signer, { what, body: () => ({ TAG: 'revoke', data: {} }) });
  await tellOutcome(sending, sent, options.wait !== false, {
    what,
    document: { name, address, recovery: recovery.account },
    facts: [['open it', `pier recovery start ${name} --from the key of ${recovery.account}`]],
  });
}
