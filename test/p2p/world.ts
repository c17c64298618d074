/**
 * Owns a tiny world for protocol tests: nodes and links in memory, first in first out, and a clock that only moves when
 * told to. Same seed, same run.
 */
import type { Effect } from '../../p2p/door.ts';
import { decodeMessage, type Message, type MessageName } from '../../p2p/messages.ts';
import { PARAMS } from './chain-maker.ts';
import { TestNode, type TestNodeOptions } from './test-node.ts';

interface End {
  readonly node: TestNode;
  readonly link: number;
  other: End | null;
}

export interface Carried {
  readonly from: TestNode;
  readonly to: TestNode;
  readonly message: Message;
  readonly bytes: number;
}

export class World {
  readonly nodes: TestNode[] = [];
  /** All messages carried, in order. */
  readonly carried: Carried[] = [];
  /** Drops a frame if it says so. */
  loses: (carried: Carried) => boolean = () => false;
  /** Changes a frame on its way. */
  tampers: (carried: Carried, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes;
  nowMs = 1_000;
  readonly #ends = new Map<TestNode, Map<number, End>>();
  readonly #queue: (() => void)[] = [];
  #lastLink = 0;

  /** A node that listens at `ws://127.0.0.1:(9000 + seed)`. */
  add(seed: number, options: Partial<TestNodeOptions> = {}): TestNode {
    const listen = `ws://127.0.0.1:${9000 + seed}`;
    const node = new TestNode({ seed, ...options, config: { listen, ...options.config } });
    this.nodes.push(node);
    this.#ends.set(node, new Map());
    this.#setClock(node);
    node.outward = (effect) => this.#carryOut(node, effect);
    node.input({ type: 'start', savedAddresses: null });
    return node;
  }

  /** Has `from` keep a link to `to`. */
  connect(from: TestNode, to: TestNode): void {
    this.#act(from, () => from.input({ type: 'connect', address: addressOf(to) }));
    this.run();
  }

  /** Cuts every link between two nodes, as the network would. */
  cut(a: TestNode, b: TestNode): void {
    for (const end of [...this.#ends.get(a)!.values()]) if (end.other?.node === b) this.#close(end);
    this.run();
  }

  /** Carries everything that is on its way, until nothing is. */
  run(): void {
    for (let steps = 0; ; steps++) {
      if (steps > 2_000_000) throw new Error('the world does not come to rest');
      const next = this.#queue.shift();
      if (next === undefined) return;
      next();
    }
  }

  /** Lets time pass; wakes each node when its deadline comes. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    this.run();
    for (let steps = 0; ; steps++) {
      if (steps > 200_000) throw new Error('deadlines that never move');
      let dueMs = Number.POSITIVE_INFINITY;
      for (const node of this.nodes) dueMs = Math.min(dueMs, node.machine.deadline() ?? dueMs);
      if (dueMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      for (const node of this.nodes) {
        const deadline = node.machine.deadline();
        if (deadline !== null && deadline <= this.nowMs) this.#act(node, () => node.input({ type: 'wake' }));
      }
      this.run();
    }
    this.nowMs = endMs;
    for (const node of this.nodes) this.#setClock(node);
  }

  count(name: MessageName, from?: TestNode, to?: TestNode): number {
    return this.carried.filter(
      (one) =>
        one.message.name === name &&
        (from === undefined || one.from === from) &&
        (to === undefined || one.to === to),
    ).length;
  }

  #setClock(node: TestNode): void {
    node.now = { monotonicMs: this.nowMs, wallMs: PARAMS.time + 100_000_000 + this.nowMs };
  }

  #act(node: TestNode, action: () => void): void {
    this.#setClock(node);
    action();
  }

  #carryOut(node: TestNode, effect: Effect): void {
    if (effect.type === 'dial') this.#queue.push(() => this.#dial(node, effect.address));
    if (effect.type === 'send') this.#send(this.#ends.get(node)!.get(effect.link), effect.bytes);
    if (effect.type === 'close') {
      const end = this.#ends.get(node)!.get(effect.link);
      this.#queue.push(() => end !== undefined && this.#close(end));
    }
  }

  #dial(node: TestNode, address: string): void {
    const target = this.nodes.find((other) => addressOf(other) === address);
    if (target === undefined) {
      this.#act(node, () => node.input({ type: 'dialFailed', address }));
      return;
    }
    const ours: End = { node, link: ++this.#lastLink, other: null };
    const theirs: End = { node: target, link: ++this.#lastLink, other: ours };
    ours.other = theirs;
    this.#ends.get(node)!.set(ours.link, ours);
    this.#ends.get(target)!.set(theirs.link, theirs);
    const from = `127.0.0.1:${40_000 + this.#lastLink}`;
    this.#act(node, () =>
      node.input({ type: 'opened', link: ours.link, inbound: false, address, loopback: true }),
    );
    this.#act(target, () =>
      target.input({ type: 'opened', link: theirs.link, inbound: true, address: from, loopback: true }),
    );
  }

  #send(end: End | undefined, bytes: Uint8Array): void {
    if (end === undefined) return;
    this.#queue.push(() => {
      const { other } = end;
      if (other === null || !this.#ends.get(other.node)!.has(other.link)) return;
      const carried = { from: end.node, to: other.node, message: decodeMessage(bytes)!, bytes: bytes.length };
      this.carried.push(carried);
      this.#act(end.node, () => end.node.input({ type: 'drained', link: end.link }));
      if (this.loses(carried)) return;
      const frame = this.tampers(carried, bytes).slice();
      this.#act(other.node, () => other.node.input({ type: 'frame', link: other.link, bytes: frame }));
    });
  }

  #close(end: End): void {
    for (const one of [end, end.other!]) {
      const ends = this.#ends.get(one.node)!;
      if (!ends.delete(one.link)) continue;
      this.#queue.push(() => this.#act(one.node, () => one.node.input({ type: 'closed', link: one.link })));
    }
  }
}

export function addressOf(node: TestNode): string {
  return `ws://127.0.0.1:${9000 + node.seed}`;
}
