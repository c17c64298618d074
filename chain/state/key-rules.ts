/**
 * Owns the rules of an account's keys: `rotate`, `setRecovery`, `recover`, `veto`, `claim`, `revoke`.
 *
 * The recovery account can hand an account to a new key, but only after a delay in which the owner may say no; and only
 * a key that has been current for longer than that delay may say it, or a thief who rotated would.
 */

import { RuleError } from '../errors.ts';
import { authKeyOf } from '../format/address.ts';
import { equalBytes } from '../format/bytes.ts';
import type { Recovery, Transaction } from '../format/transaction.ts';
import { type Effect, type ExecutionContext, type KindRule, recoveryAt } from './effect.ts';
import type { Account } from './entries.ts';
import type { AccountPlace } from './working-state.ts';

/** An effect that costs the fee alone. */
function feeOnly(
  tx: Transaction,
  touched: readonly AccountPlace[],
  apply: (sender: Account) => void,
): Effect {
  return { cost: tx.fee, burned: 0, touched, record: null, apply };
}

export const rotate: KindRule = (tx, _sender, { height }) => {
  if (tx.body.TAG !== 'rotate') throw new TypeError('not a rotate');
  const next = authKeyOf(tx.body.data.scheme, tx.body.data.publicKey);
  if (equalBytes(next, authKeyOf(tx.scheme, tx.publicKey))) throw new RuleError('SAME_KEY');
  return feeOnly(tx, [], (sender) => {
    sender.authKey = next;
    sender.rotatedAt = height;
  });
};

export const setRecovery: KindRule = (tx, sender, { height }) => {
  if (tx.body.TAG !== 'setRecovery') throw new TypeError('not a setRecovery');
  const next = tx.body.data.recovery;
  if (sender.pendingRecovery !== null) throw new RuleError('RECOVERY_PENDING');
  const { recovery } = recoveryAt(sender, height);
  if (recovery === null && next === null) throw new RuleError('NO_RECOVERY');
  return feeOnly(tx, [], (account) => {
    if (recovery === null) account.recovery = next;
    else account.pendingChange = { recovery: next, at: height + recovery.delay };
  });
};

export const recover: KindRule = (tx, _sender, context) => {
  if (tx.body.TAG !== 'recover') throw new TypeError('not a recover');
  const { target, scheme, publicKey } = tx.body.data;
  const { account, recovery } = recoverable(tx, context, target);
  const next = authKeyOf(scheme, publicKey);
  if (account.authKey !== null && equalBytes(next, account.authKey)) throw new RuleError('SAME_KEY');
  return onTarget(tx, context, target, (changed) => {
    changed.pendingRecovery = { authKey: next, at: context.height + recovery.delay };
    changed.pendingChange = null;
  });
};

export const veto: KindRule = (tx, sender, context) => {
  if (tx.body.TAG !== 'veto') throw new TypeError('not a veto');
  const { target } = tx.body.data;
  const { height } = context;
  if (equalBytes(target, tx.sender)) {
    if (sender.pendingRecovery === null) throw new RuleError('NOTHING_PENDING');
    const delay = recoveryAt(sender, height).recovery?.delay ?? 0;
    if (height - sender.rotatedAt <= delay) throw new RuleError('KEY_TOO_YOUNG');
    return feeOnly(tx, [], (account) => {
      account.pendingRecovery = null;
    });
  }
  const { account } = recoverable(tx, context, target);
  if (recoveryAt(account, height).pendingChange === null) throw new RuleError('NOTHING_PENDING');
  return onTarget(tx, context, target, (changed) => {
    changed.pendingChange = null;
  });
};

export const claim: KindRule = (tx, _sender, context) => {
  if (tx.body.TAG !== 'claim') throw new TypeError('not a claim');
  const { target } = tx.body.data;
  const { account } = recoverable(tx, context, target);
  const pending = account.pendingRecovery;
  if (pending === null) throw new RuleError('NOTHING_PENDING');
  if (context.height < pending.at) throw new RuleError('TOO_SOON', `not before height ${pending.at}`);
  return onTarget(tx, context, target, (changed) => {
    changed.authKey = pending.authKey;
    changed.rotatedAt = context.height;
    changed.pendingRecovery = null;
    changed.pendingChange = null;
    changed.locked = false;
  });
};

export const revoke: KindRule = (tx, sender, { height }) => {
  if (recoveryAt(sender, height).recovery === null) throw new RuleError('NO_RECOVERY');
  return feeOnly(tx, [], (account) => {
    account.locked = true;
    account.pendingChange = null;
  });
};

/** The target with its present recovery, which must be the sender. */
function recoverable(
  tx: Transaction,
  { state, height }: ExecutionContext,
  target: Uint8Array,
): { account: Account; recovery: Recovery } {
  const account = state.account(target);
  if (account === null) throw new RuleError('NO_ACCOUNT');
  const { recovery } = recoveryAt(account, height);
  if (recovery === null) throw new RuleError('NO_RECOVERY');
  if (!equalBytes(recovery.account, tx.sender)) throw new RuleError('NOT_RECOVERY');
  return { account, recovery };
}

function onTarget(
  tx: Transaction,
  { state, height }: ExecutionContext,
  target: Uint8Array,
  change: (account: Account) => void,
): Effect {
  const place = state.placeOf(target);
  return feeOnly(tx, [place], () => change(place.changeAccount(height)));
}
