/** Owns what is told of a change of the tip. */
import type { HeaderNode } from '../consensus/header-tree.ts';
import type { RuleError } from '../errors.ts';
import type { Block } from '../format/block.ts';

/** What one committed batch changed. */
export interface TipChange {
  readonly from: HeaderNode;
  readonly to: HeaderNode;
  /** Newest first. */
  readonly disconnected: readonly Block[];
  /** Oldest first. */
  readonly connected: readonly Block[];
}

/** A block that broke a rule of execution. */
export interface Rejection {
  readonly node: HeaderNode;
  readonly error: RuleError;
}
