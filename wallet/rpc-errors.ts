/** Owns how talking to nodes fails: the node refused (`RpcError`), or none answered (`NoNodeError`). */
import { showText } from '../chain/format/text.ts';
import { WalletError } from './errors.ts';

/** JSON-RPC 2.0: the node itself failed. Another may do better, so this one is never shown to the caller alone. */
export const INTERNAL_ERROR = -32603;

/** Longest text of a refusal that is shown. */
const TEXT_MAX = 500;

/** A node understood the question and refused it; another would refuse it too. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  /** JSON-RPC code; -32000 for a rule of the ledger. */
  readonly code: number;
  readonly data: unknown;
  /** URL of the node. */
  readonly node: string;
  constructor(node: string, code: number, message: string, data: unknown) {
    super(shown(message));
    this.node = node;
    this.code = code;
    this.data = data;
  }

  /** The ledger's own code, as 'OVERSPEND', if the node gave one of that form. */
  get ledgerCode(): string | undefined {
    const code = this.#field('code');
    return code !== undefined && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : undefined;
  }

  /** What to do about it, if the node said. */
  get hint(): string | undefined {
    const hint = this.#field('hint');
    return hint === undefined ? undefined : shown(hint);
  }

  #field(name: string): string | undefined {
    const value =
      typeof this.data === 'object' && this.data !== null ? Reflect.get(this.data, name) : undefined;
    return typeof value === 'string' ? value : undefined;
  }
}

/** What a node wrote, fit for a terminal. */
const shown = (text: string): string =>
  showText(text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`);

/** Why one node gave no usable answer. */
export interface NodeFailure {
  readonly node: string;
  readonly reason: string;
}

/** Every node was tried, once each. */
export class NoNodeError extends WalletError {
  override readonly name = 'NoNodeError';
  readonly failures: readonly NodeFailure[];
  constructor(failures: readonly NodeFailure[]) {
    const list = failures.map(({ node, reason }) => `${node} (${shown(reason)})`).join(', ');
    super('NO_NODE', list, 'start one with: pier testnet start; or name one with --node URL');
    this.failures = failures;
  }
}
