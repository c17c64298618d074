/**
 * Owns a second, naive implementation of who may hold an account's key: rotation, recovery, what stops it, locking. One
 * rule a line, from the specification, nothing shared with `chain/state`. It holds no state.
 */
import type { Transaction } from '../../chain/format/transaction.ts';
import { type BookAccount, demand, type Rescuer } from './book-account.ts';
import { digest } from './header-oracle.ts';
import { hexOf } from './hex.ts';

export type Changes = Partial<BookAccount>;

/** Hash of a key, in hex. */
export function keyHash(scheme: number, publicKey: Uint8Array): string {
  return hexOf(digest('pier/key', [scheme], publicKey));
}

/** A change of the rescuer counts from its height on. */
export function matured(account: BookAccount, height: number): BookAccount {
  const { change } = account;
  return change === null || change.at > height
    ? account
    : { ...account, rescuer: change.rescuer, change: null };
}

/** What a transaction about keys does to its sender. `null` for a kind that is about another account, or none. */
export function changesOfSender(
  { body, sender }: Transaction,
  account: BookAccount,
  height: number,
): Changes | null {
  switch (body.TAG) {
    case 'rotate': {
      const key = keyHash(body.data.scheme, body.data.publicKey);
      demand(key !== account.key, 'a rotation to the same key');
      return { key, since: height };
    }
    case 'setRecovery': {
      demand(account.rescue === null, 'another rescuer while a recovery waits');
      const { recovery } = body.data;
      const rescuer: Rescuer | null =
        recovery === null ? null : { account: hexOf(recovery.account), delay: recovery.delay };
      demand(rescuer !== null || account.rescuer !== null, 'no rescuer in place of none');
      if (account.rescuer === null) return { rescuer };
      return { change: { rescuer, at: height + account.rescuer.delay } };
    }
    case 'revoke':
      demand(account.rescuer !== null, 'a lock that nobody could open');
      return { locked: true, change: null };
    case 'veto': {
      if (hexOf(body.data.target) !== hexOf(sender)) return null;
      demand(account.rescue !== null, 'a veto of nothing');
      demand(height - account.since > (account.rescuer?.delay ?? 0), 'a veto by a young key');
      return { rescue: null };
    }
    default:
      return null;
  }
}

/** What a transaction of the rescuer `from` does to the account it names. */
export function changesOfTarget(
  { body }: Transaction,
  from: string,
  target: BookAccount | undefined,
  height: number,
): Changes {
  demand(target !== undefined, 'a recovery of an account that there is not');
  demand(target.rescuer !== null, 'a recovery of an account that nobody may recover');
  demand(target.rescuer.account === from, 'a recovery by somebody else');
  switch (body.TAG) {
    case 'recover': {
      const key = keyHash(body.data.scheme, body.data.publicKey);
      demand(key !== target.key, 'a recovery to the same key');
      return { rescue: { key, at: height + target.rescuer.delay }, change: null };
    }
    case 'claim':
      demand(target.rescue !== null, 'a claim of nothing');
      demand(height >= target.rescue.at, 'a claim too soon');
      return { key: target.rescue.key, since: height, rescue: null, change: null, locked: false };
    default:
      demand(target.change !== null, 'a veto of no change');
      return { change: null };
  }
}
