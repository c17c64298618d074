/**
 * Owns the blocks whose bodies are missing between what we have and the best chain that a linked peer has shown to
 * have, lowest first, and the window of them that may be asked for.
 *
 * Bounds: references to headers of the tree, which are bounded where they come in; bodies handed on whose arrival the
 * tree doesn't show yet, at most a window and what is pushed meanwhile (`HANDED_MAX`).
 */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import type { ChainView } from '../door.ts';
import { WINDOW_BLOCKS } from '../limits.ts';
import type { Peer } from '../peer.ts';

const HANDED_MAX = 2 * WINDOW_BLOCKS;
/** Entries before the head after which the list is cut: keeps moving the head cheap. */
const TRIM = 4_096;

export class DownloadPath {
  readonly #chain: ChainView;
  #target: HeaderNode | null = null;
  #nodes: HeaderNode[] = [];
  #head = 0;
  /** Entries from the head to here are asked for or have come. */
  #cursor = 0;
  /** Blocks handed to the reactor; the tree shows their bodies once it has taken them. */
  readonly #handed = new Set<HeaderNode>();

  constructor(chain: ChainView) {
    this.#chain = chain;
  }

  get target(): HeaderNode | null {
    return this.#target;
  }

  /** Bodies still missing. */
  get missing(): number {
    return this.#nodes.length - this.#head;
  }

  /** Bodies with the reactor. */
  get handed(): number {
    return this.#handed.size;
  }

  /** The lowest block whose body is missing. */
  get first(): HeaderNode | undefined {
    return this.#nodes[this.#head];
  }

  /** The open part of the window, lowest first: those that `isTaken` says of are skipped, for good if at its start. */
  *open(isTaken: (node: HeaderNode) => boolean): Iterable<HeaderNode> {
    const end = Math.min(this.#nodes.length, this.#head + WINDOW_BLOCKS);
    for (let i = Math.max(this.#head, this.#cursor); i < end; i++) {
      const node = this.#nodes[i]!;
      if (!this.has(node) && !isTaken(node)) yield node;
      else if (i === this.#cursor) this.#cursor++;
    }
  }

  /** Something that was asked for is open again. */
  reopen(): void {
    this.#cursor = this.#head;
  }

  /** True while the window is what keeps us from asking for more. */
  get isFull(): boolean {
    return this.missing > WINDOW_BLOCKS;
  }

  has(node: HeaderNode): boolean {
    return node.hasBody || this.#handed.has(node);
  }

  /** True while the reactor has the body and hasn't said what became of it. */
  isHanded(node: HeaderNode): boolean {
    return this.#handed.has(node);
  }

  /** A body is with the reactor. */
  handedOn(node: HeaderNode): void {
    if (this.#handed.size >= HANDED_MAX) this.#handed.delete(this.#handed.keys().next().value!);
    this.#handed.add(node);
  }

  /** The reactor is done with it: what the tree says counts again. */
  settled(node: HeaderNode): void {
    // Not kept after all: the list is made anew, with this block in it.
    if (this.#handed.delete(node) && !node.hasBody && !node.invalid) this.#target = null;
  }

  /** Aims at the best chain of these peers and passes over what has come. */
  update(peers: readonly Peer[]): void {
    const target = this.#choose(peers);
    if (target === null) {
      this.#nodes = [];
      this.#head = 0;
      this.#cursor = 0;
    } else if (target !== this.#target) {
      this.#aim(target);
    }
    this.#target = target;
    while (this.#head < this.#nodes.length && this.has(this.#nodes[this.#head]!)) this.#head++;
    // All were passed over, and yet the branch isn't whole: the store has lost a body since.
    const isWhole = target === null || this.missing > 0 || this.#handed.size > 0 || target.completed > 0;
    if (!isWhole) {
      this.#target = null;
      this.#aim(target);
      this.#target = target;
    }
    if (this.#head > TRIM) this.#trim(this.#nodes.slice(this.#head));
    this.#cursor = Math.max(this.#cursor, this.#head);
  }

  #choose(peers: readonly Peer[]): HeaderNode | null {
    let target: HeaderNode | null = null;
    for (const peer of peers) {
      while (peer.best?.invalid) peer.best = peer.best.parent;
      const { best } = peer;
      if (best === null || best.work <= this.#chain.tip.work) continue;
      if (
        target === null ||
        best.work > target.work ||
        (best.work === target.work && best === this.#target)
      ) {
        target = best;
      }
    }
    return target;
  }

  /** Rebuilds the list, or appends to it if the new target grows on the old one. */
  #aim(target: HeaderNode): void {
    const found: HeaderNode[] = [];
    let node: HeaderNode | null = target;
    while (node !== null && node !== this.#target && !this.#chain.isActive(node)) {
      if (!this.has(node)) found.push(node);
      node = node.parent;
    }
    found.reverse();
    const grows = node !== null && node === this.#target;
    if (grows) this.#trim([...this.#nodes.slice(this.#head), ...found]);
    else {
      this.#nodes = found;
      this.#head = 0;
      this.#cursor = 0;
    }
  }

  /** Cuts what is before the head. */
  #trim(nodes: HeaderNode[]): void {
    this.#cursor = Math.max(0, this.#cursor - this.#head);
    this.#nodes = nodes;
    this.#head = 0;
  }
}
