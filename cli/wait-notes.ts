/**
 * Owns telling why a wait may be long. The node that answers says what is wrong with it, for example a clock that holds
 * blocks up. Each warning is told once, on standard error.
 */
import type { RpcClient } from '../wallet/client.ts';
import { LedgerClient } from '../wallet/ledger-client.ts';
import type { Output } from './output.ts';

/** A node may say anything, and as often as it likes. */
const NOTES_MAX = 5;

export class WaitNotes {
  readonly #rpc: RpcClient;
  readonly #output: Output;
  #isAsking = false;
  readonly #told = new Set<string>();

  constructor(rpc: RpcClient, output: Output) {
    this.#rpc = rpc;
    this.#output = output;
  }

  /** Asks once more and tells what is new, later: the wait goes on meanwhile. Says nothing if no node answers. */
  look(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    new LedgerClient(this.#rpc)
      .status()
      .then((status) => this.#tell(status.warnings ?? []))
      .catch(() => {})
      .finally(() => {
        this.#isAsking = false;
      });
  }

  #tell(warnings: readonly string[]): void {
    for (const warning of warnings) {
      // Times and heights in a warning change; the rest of it names the cause.
      const about = warning.replace(/[0-9].*/, '');
      if (this.#told.has(about) || this.#told.size >= NOTES_MAX) continue;
      this.#told.add(about);
      this.#output.warn(warning);
    }
  }
}
