/**
 * Owns saying why a wait may be long: what the node that answers says is wrong with it, as a clock that holds blocks up.
 * Each thing is said once, on standard error.
 */
import type { RpcClient } from '../wallet/client.ts';
import { LedgerClient } from '../wallet/ledger-client.ts';
import { err } from './streams.ts';

/** A node may say anything, and as often as it likes. */
const NOTES_MAX = 5;

export class WaitNotes {
  readonly #rpc: RpcClient;
  readonly #told = new Set<string>();

  constructor(rpc: RpcClient) {
    this.#rpc = rpc;
  }

  /** Asks once more, and says what is new. That no node answers is told by others. */
  async look(): Promise<void> {
    const status = await new LedgerClient(this.#rpc).status().catch(() => null);
    for (const warning of status?.warnings ?? []) {
      // Times and heights in it move on; what it is about is said once.
      const about = warning.replace(/[0-9].*/, '');
      if (this.#told.has(about) || this.#told.size >= NOTES_MAX) continue;
      this.#told.add(about);
      err.text(`note: ${warning}\n`);
    }
  }
}
