/** Owns what can stop the way from one tip to the next, other than a broken store. */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { CorruptStoreError, type RuleError } from '../errors.ts';

/** A block broke a rule. */
export class Fault extends Error {
  readonly node: HeaderNode;
  override readonly cause: RuleError;
  constructor(node: HeaderNode, cause: RuleError) {
    super(cause.message);
    this.node = node;
    this.cause = cause;
  }
}

/** A stored body can't be read: it must be fetched again. */
export class LostBody extends Error {
  readonly node: HeaderNode;
  constructor(node: HeaderNode) {
    super(`the body of block ${node.key} is lost`);
    this.node = node;
  }
}

/** Without the body of a block of our own chain there is no way back through it but to rebuild. */
export function asDamage(error: unknown): never {
  throw error instanceof LostBody ? new CorruptStoreError(error.message) : error;
}
