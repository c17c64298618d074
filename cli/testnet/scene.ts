/**
 * Owns what is known of a running testnet while one watches it: each node's last word, and what happened lately. Pure:
 * news comes in, lines of events come out. Bounded by the number of nodes, `EVENTS_MAX` and `BLOCKS_MAX`.
 */
import { countOf, shortId } from '../layout.ts';
import type { ReorgEvent, TipEvent } from '../subscription.ts';
import type { NodeReport } from './survey.ts';

export interface NodeView {
  readonly index: number;
  readonly up: boolean;
  /** Milliseconds that all it sends and gets takes longer. */
  readonly lagMs: number;
  readonly height: number;
  readonly tip: string;
  readonly peers: number;
  readonly mempool: number;
  /** Time of its last block, milliseconds. */
  readonly time: number;
  /** What it says is wrong with it, a sentence each. */
  readonly warnings: readonly string[];
}

export type EventKind = 'block' | 'fork' | 'reorg' | 'node' | 'agreed' | 'warning';

export interface SceneEvent {
  /** Wall clock, milliseconds. */
  readonly at: number;
  readonly kind: EventKind;
  readonly text: string;
}

const EVENTS_MAX = 200;
/** Blocks that are remembered so that each is told once. */
const BLOCKS_MAX = 1_000;

export class Scene {
  readonly #nodes = new Map<number, NodeView>();
  readonly #blocks = new Set<string>();
  readonly #events: SceneEvent[] = [];
  readonly #minerNames: ReadonlyMap<string, string>;
  readonly #listener: (event: SceneEvent) => void;
  readonly #warned = new Set<string>();
  #fork: { height: number } | null = null;

  /** `minerNames` says whose an address is, as `node 2`. The listener gets each event as it happens. */
  constructor(minerNames: ReadonlyMap<string, string>, listener: (event: SceneEvent) => void) {
    this.#minerNames = minerNames;
    this.#listener = listener;
  }

  get nodes(): NodeView[] {
    return [...this.#nodes.values()].sort((a, b) => a.index - b.index);
  }

  /** Oldest first. */
  get events(): readonly SceneEvent[] {
    return this.#events;
  }

  /** What a node says of itself, or that it says nothing; and how much it lags. */
  report({ index, status }: NodeReport, lagMs: number, at: number): void {
    const before = this.#nodes.get(index);
    const up = status !== null;
    const { height = 0, tip = '', peers = 0, mempool = 0, time = 0 } = status ?? before ?? {};
    this.#nodes.set(index, {
      index,
      up,
      lagMs,
      height,
      tip,
      peers: up ? peers : 0,
      mempool: up ? mempool : 0,
      time,
      warnings: status?.warnings ?? [],
    });
    for (const warning of status?.warnings ?? []) {
      // Numbers and times in it move on; what it is about is told once.
      const what = `${index} ${warning.replace(/[0-9].*/, '')}`;
      if (this.#warned.has(what)) continue;
      if (this.#warned.size < EVENTS_MAX) this.#warned.add(what);
      this.#tell(at, 'warning', `node ${index}: ${warning}`);
    }
    if (before === undefined && this.#nodes.size > 1 && this.#events.length > 0 && up) {
      this.#tell(at, 'node', `node ${index} joined`);
    } else if (before !== undefined && before.up !== up) {
      this.#tell(at, 'node', up ? `node ${index} is up again` : `node ${index} is down`);
    }
    if (lagMs !== (before?.lagMs ?? 0)) {
      this.#tell(at, 'node', `node ${index} lags ${lagMs === 0 ? 'no more' : `${lagMs} ms`}`);
    }
    this.#compare(at);
  }

  tip(index: number, event: TipEvent, at: number): void {
    const before = this.#nodes.get(index);
    if (before === undefined) return;
    const { height, id, time } = event;
    this.#nodes.set(index, { ...before, up: true, height, tip: id, time });
    if (!this.#blocks.has(id)) {
      if (this.#blocks.size >= BLOCKS_MAX) this.#blocks.delete(this.#blocks.values().next().value!);
      this.#blocks.add(id);
      const miner = this.#minerNames.get(event.miner) ?? 'somebody else';
      const content = event.transactions === 0 ? 'empty' : countOf(event.transactions, 'transaction');
      this.#tell(at, 'block', `block ${height}  ${shortId(id)}  ${content}, mined by ${miner}`);
    }
    this.#compare(at);
  }

  reorg(index: number, event: ReorgEvent, at: number): void {
    const { depth, connected, forkHeight, to } = event;
    const undone = `${countOf(depth, 'block')} undone after block ${forkHeight}`;
    this.#tell(at, 'reorg', `node ${index} reorganised: ${undone}, ${connected} done, now at ${shortId(to)}`);
  }

  /** Two tips of one height are a fork; one tip everywhere ends it. A node that is merely behind is none. */
  #compare(at: number): void {
    const up = this.nodes.filter((node) => node.up);
    const byHeight = new Map<number, Map<string, number[]>>();
    for (const { height, tip, index } of up) {
      const tips = byHeight.get(height) ?? new Map<string, number[]>();
      byHeight.set(height, tips);
      tips.set(tip, [...(tips.get(tip) ?? []), index]);
    }
    for (const [height, tips] of byHeight) {
      if (tips.size < 2 || (this.#fork !== null && height <= this.#fork.height)) continue;
      const known = this.#fork !== null;
      this.#fork = { height };
      if (known) continue;
      const sides = [...tips].map(([tip, members]) => `${shortId(tip)} (node ${members.join(', ')})`);
      this.#tell(at, 'fork', `fork at height ${height}: ${sides.join(' and ')}`);
    }
    const one = new Set(up.map(({ tip }) => tip)).size === 1;
    if (this.#fork !== null && one && up.length > 1 && up[0]!.height > this.#fork.height) {
      this.#fork = null;
      this.#tell(at, 'agreed', `all nodes agree again: height ${up[0]!.height}, ${shortId(up[0]!.tip)}`);
    }
  }

  #tell(at: number, kind: EventKind, text: string): void {
    const event = { at, kind, text };
    this.#events.push(event);
    if (this.#events.length > EVENTS_MAX) this.#events.shift();
    this.#listener(event);
  }
}
