/** Owns how a node's answer about the chain is found false. */
import { RuleError } from '../../chain/errors.ts';
import { showText } from '../../chain/format/text.ts';

/** What a node said can't be: `message` names it, to follow the node's URL. */
export class NodeLie extends Error {
  override readonly name = 'NodeLie';
  constructor(message: string) {
    super(showText(message));
  }
}

/** What a node shows is newer than what the nodes were compared on: no lie, and nothing to rely on yet. */
export class Unsettled extends Error {
  override readonly name = 'Unsettled';
  /** What its user can do about it; empty if asking another node is all. */
  readonly hint: string;
  constructor(message: string, hint = '') {
    super(message);
    this.hint = hint;
  }
}

/** Runs a check of what a node sent: a broken rule is its lie about `what`. */
export function expose<T>(what: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof RuleError) throw new NodeLie(`${what}: ${error.message}`);
    throw error;
  }
}
