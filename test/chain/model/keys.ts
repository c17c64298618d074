/** Owns the model's rules for keys: rotation, and recovery by another account. */
import type { NewKey, Recovery } from '../../../chain/format/transaction.ts';
import { type Hex, hexOf } from './hex.ts';
import type { ModelAccount, ModelRecovery } from './state.ts';
import { authKeyOf, type Context, Refusal, refuseIf, type Step, use } from './step.ts';

export function planRotate({ sender, authKey, height }: Context, key: NewKey): Step {
  const next = authKeyOf(key.scheme, key.publicKey);
  refuseIf(next === authKey, 'SAME_KEY');
  return {
    cost: 0n,
    touched: [],
    run() {
      sender.authKey = next;
      sender.rotatedAt = height;
    },
  };
}

export function planSetRecovery({ sender, height }: Context, given: Recovery | null): Step {
  const recovery = given && { account: hexOf(given.account), delay: given.delay };
  const current = sender.recovery;
  refuseIf(sender.pendingRecovery !== null, 'RECOVERY_PENDING');
  refuseIf(current === null && recovery === null, 'NO_RECOVERY');
  return {
    cost: 0n,
    touched: [],
    run() {
      if (current === null) sender.recovery = recovery;
      else sender.pendingChange = { recovery, at: height + current.delay };
    },
  };
}

/** The target, if the sender is its recovery account. */
function recoverable(
  { state, height, from }: Context,
  address: Hex,
): ModelAccount & { recovery: ModelRecovery } {
  const target = use(state, address, height);
  if (target === undefined) throw new Refusal('NO_ACCOUNT');
  refuseIf(target.recovery === null, 'NO_RECOVERY');
  refuseIf(target.recovery?.account !== from, 'NOT_RECOVERY');
  return target as ModelAccount & { recovery: ModelRecovery };
}

export function planRecover(context: Context, address: Hex, key: NewKey): Step {
  const target = recoverable(context, address);
  const authKey = authKeyOf(key.scheme, key.publicKey);
  refuseIf(authKey === target.authKey, 'SAME_KEY');
  return {
    cost: 0n,
    touched: [address],
    run() {
      target.pendingRecovery = { authKey, at: context.height + target.recovery.delay };
      target.pendingChange = null;
    },
  };
}

export function planOwnVeto({ sender, height }: Context): Step {
  refuseIf(sender.pendingRecovery === null, 'NOTHING_PENDING');
  refuseIf(height - sender.rotatedAt <= sender.recovery!.delay, 'KEY_TOO_YOUNG');
  return {
    cost: 0n,
    touched: [],
    run() {
      sender.pendingRecovery = null;
    },
  };
}

export function planVeto(context: Context, address: Hex): Step {
  const target = recoverable(context, address);
  refuseIf(target.pendingChange === null, 'NOTHING_PENDING');
  return {
    cost: 0n,
    touched: [address],
    run() {
      target.pendingChange = null;
    },
  };
}

export function planClaim(context: Context, address: Hex): Step {
  const target = recoverable(context, address);
  const pending = target.pendingRecovery;
  if (pending === null) throw new Refusal('NOTHING_PENDING');
  refuseIf(context.height < pending.at, 'TOO_SOON');
  return {
    cost: 0n,
    touched: [address],
    run() {
      target.authKey = pending.authKey;
      target.rotatedAt = context.height;
      target.pendingRecovery = null;
      target.pendingChange = null;
      target.locked = false;
    },
  };
}

export function planRevoke({ sender }: Context): Step {
  refuseIf(sender.recovery === null, 'NO_RECOVERY');
  return {
    cost: 0n,
    touched: [],
    run() {
      sender.locked = true;
      sender.pendingChange = null;
    },
  };
}
