/**
 * Owns every header this node has accepted, as a tree from genesis.
 *
 * Bounds: a header enters only with its proof of work done, so memory costs an attacker work; what a peer may add
 * beyond that is capped in `p2p/` (per-peer caps, and long low-work branches are counted before they are kept).
 */
import { assert, RuleError } from '../errors.ts';
import { type Header, headerId } from '../format/header.ts';
import { keyOfId } from '../format/id-key.ts';
import type { Params } from '../format/params.ts';
import { contextOf, type HeaderContext, validateHeader } from './header-rules.ts';

export interface HeaderNode extends HeaderContext {
  /** Hex of the id. */
  readonly key: string;
  readonly height: number;
  readonly parent: HeaderNode | null;
  /** A farther ancestor, at `skipHeight`, so that any ancestor is found in a logarithmic number of steps. */
  readonly skip: HeaderNode | null;
  readonly children: HeaderNode[];
  /** Its body has been received. */
  hasBody: boolean;
  /** Where its block is stored (`chain/ledger/block-files.ts`); negative while it isn't. */
  place: number;
  /** It, or an ancestor, broke a rule of execution: never to be built on. */
  invalid: boolean;
  /** Order in which it became complete (its body and all its ancestors' received); 0 while it isn't. */
  completed: number;
}

/** Ids in a locator: dense for the last ten, then every step twice as far. */
export const LOCATOR_MAX = 64;
const LOCATOR_DENSE = 10;

export class HeaderTree {
  readonly params: Params;
  readonly genesis: HeaderNode;
  readonly #nodes = new Map<string, HeaderNode>();
  #best: HeaderNode;

  constructor(params: Params, genesis: Header) {
    this.params = params;
    const context = contextOf(null, genesis, headerId(genesis));
    this.genesis = makeNode(context, null, null);
    this.genesis.hasBody = true;
    this.#nodes.set(this.genesis.key, this.genesis);
    this.#best = this.genesis;
  }

  /** Id of the ledger: what signatures and handshakes are bound to. */
  get chainId(): Uint8Array {
    return this.genesis.id;
  }

  get size(): number {
    return this.#nodes.size;
  }

  get(key: string): HeaderNode | undefined {
    return this.#nodes.get(key);
  }

  values(): Iterable<HeaderNode> {
    return this.#nodes.values();
  }

  /** The header with the most work among those not known to be invalid. */
  best(): HeaderNode {
    return this.#best;
  }

  /**
   * Validates and keeps a header; the known node if it's known. `id` is the header's own, for who has hashed it already.
   * Throws a `RuleError` and changes nothing.
   */
  add(header: Header, wallMs: number, id: Uint8Array = headerId(header)): HeaderNode {
    const known = this.#nodes.get(keyOfId(id));
    if (known !== undefined) {
      if (known.invalid) throw new RuleError('INVALID_PARENT', known.key);
      return known;
    }
    const above = keyOfId(header.previous);
    const parent = this.#nodes.get(above);
    if (parent === undefined) throw new RuleError('UNKNOWN_PARENT', above);
    if (parent.invalid) throw new RuleError('INVALID_PARENT', parent.key);
    return this.#attach(validateHeader(this.params, parent, header, wallMs, id), parent);
  }

  /** Puts back a header this node had validated and stored; only its id is checked. */
  restore(header: Header, id: Uint8Array): HeaderNode | null {
    const parent = this.#nodes.get(keyOfId(header.previous));
    if (parent === undefined) return null;
    return this.#attach(contextOf(parent, header, id), parent);
  }

  #attach(context: HeaderContext, parent: HeaderNode): HeaderNode {
    const node = makeNode(context, parent, this.ancestor(parent, skipHeight(context.header.height)));
    parent.children.push(node);
    this.#nodes.set(node.key, node);
    if (node.work > this.#best.work) this.#best = node;
    return node;
  }

  /** Marks a header and all that builds on it as invalid for good. Returns the marked nodes. */
  invalidate(node: HeaderNode): HeaderNode[] {
    const marked: HeaderNode[] = [];
    const queue = [node];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      next.invalid = true;
      marked.push(next);
      queue.push(...next.children);
    }
    this.#best = this.genesis;
    for (const other of this.#nodes.values()) {
      if (!other.invalid && other.work > this.#best.work) this.#best = other;
    }
    return marked;
  }

  /**
   * Forgets branches whose bodies never came and that ended `depth` blocks or more below `tip` with less work. They cost
   * their makers work once, and would cost us memory for ever. Returns how many headers went.
   */
  prune(tip: HeaderNode, depth: number): number {
    const before = this.#nodes.size;
    for (const leaf of [...this.#nodes.values()]) {
      let at = leaf;
      while (this.#nodes.has(at.key) && isForgotten(at, tip, depth)) {
        const parent = at.parent!;
        this.#nodes.delete(at.key);
        parent.children.splice(parent.children.indexOf(at), 1);
        at = parent;
      }
    }
    return before - this.#nodes.size;
  }

  /** The ancestor of `node`, or itself, at `height`. */
  ancestor(node: HeaderNode, height: number): HeaderNode {
    let at = node;
    while (at.height > height) {
      assert(at.parent !== null && at.skip !== null, 'every header but genesis has a parent');
      at = at.skip.height >= height ? at.skip : at.parent;
    }
    assert(at.height === height, 'an ancestor is not above its descendant');
    return at;
  }

  /** The last header that both branches share. */
  commonAncestor(a: HeaderNode, b: HeaderNode): HeaderNode {
    const height = Math.min(a.height, b.height);
    let left = this.ancestor(a, height);
    let right = this.ancestor(b, height);
    while (left !== right) {
      assert(left.parent !== null && right.parent !== null, 'all branches meet at genesis');
      const apart = left.skip !== right.skip;
      left = apart ? left.skip! : left.parent;
      right = apart ? right.skip! : right.parent;
    }
    return left;
  }

  /** Ids from `from` back to genesis, dense first and then ever sparser, so a peer can find where we part. */
  locator(from: HeaderNode): Uint8Array[] {
    const ids: Uint8Array[] = [];
    let at = from;
    let step = 1;
    while (at.height > 0 && ids.length < LOCATOR_MAX - 1) {
      ids.push(at.id);
      if (ids.length >= LOCATOR_DENSE) step *= 2;
      at = this.ancestor(at, Math.max(0, at.height - step));
    }
    ids.push(this.genesis.id);
    return ids;
  }

  /** Up to `max` headers of the branch that ends in `tip`, after the first id of the locator that lies on it. */
  afterLocator(tip: HeaderNode, locator: readonly Uint8Array[], max: number): HeaderNode[] {
    let fork = this.genesis;
    for (const id of locator) {
      const node = this.#nodes.get(keyOfId(id));
      if (node === undefined || node.height > tip.height) continue;
      if (this.ancestor(tip, node.height) === node) {
        fork = node;
        break;
      }
    }
    const last = Math.min(tip.height, fork.height + max);
    const found: HeaderNode[] = [];
    for (let at = this.ancestor(tip, last); at !== fork; at = at.parent!) found.push(at);
    return found.reverse();
  }
}

/**
 * Height of the ancestor that a header at `height` (1 or more) points to: even heights jump far, to themselves without
 * their lowest bit, and odd ones somewhat less, so that no start is a bad one.
 */
function skipHeight(height: number): number {
  const withoutLowestBit = (n: number): number => n & (n - 1);
  return height % 2 === 0
    ? withoutLowestBit(height)
    : withoutLowestBit(withoutLowestBit(height - 1)) + (height > 1 ? 1 : 0);
}

function makeNode(
  { id, header, history, work }: HeaderContext,
  parent: HeaderNode | null,
  skip: HeaderNode | null,
): HeaderNode {
  return {
    id,
    header,
    history,
    work,
    key: keyOfId(id),
    height: header.height,
    parent,
    skip,
    children: [],
    hasBody: false,
    place: -1,
    invalid: false,
    completed: 0,
  };
}

/** An end of a branch that was never more than headers. Invalid ones stay, or they would be tried again. */
function isForgotten(node: HeaderNode, tip: HeaderNode, depth: number): boolean {
  const bare = node.children.length === 0 && !node.hasBody && !node.invalid && node.parent !== null;
  return bare && node.height + depth <= tip.height && node.work < tip.work;
}
