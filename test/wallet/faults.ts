/** What a call was refused with. */
import { WalletError } from '../../wallet/errors.ts';

/** The `WalletError` of an action; anything else it does is a failure of the test. */
export async function walletFault(action: () => unknown): Promise<WalletError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof WalletError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
