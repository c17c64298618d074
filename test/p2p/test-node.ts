/**
 * Owns a node for protocol tests: the real machine and header tree, over a reactor that believes every transaction and
 * every body. What the machine does is kept for the test to look at.
 */
import type { HeaderNode, HeaderTree } from '../../chain/consensus/header-tree.ts';
import { publicKeyOf, sign } from '../../chain/crypto/ed25519.ts';
import type { RuleError } from '../../chain/errors.ts';
import { encodeBody } from '../../chain/format/block.ts';
import { toHex } from '../../chain/format/bytes.ts';
import type { Params } from '../../chain/format/params.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { ChainView, Effect, Identity, Input, MachineConfig, Now, Verify } from '../../p2p/door.ts';
import { Machine } from '../../p2p/machine.ts';
import { type Made, makeTree, PARAMS } from './chain-maker.ts';

export function identityOf(seed: number): Identity {
  const secret = new Uint8Array(32).fill(seed);
  return { publicKey: publicKeyOf(secret), sign: (message) => sign(secret, message) };
}

/** Deterministic u32s (mulberry32). */
export function draws(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

export interface TestNodeOptions {
  readonly seed: number;
  readonly config?: Partial<MachineConfig>;
  readonly params?: Params;
  /** Verdict on a transaction, by key; good unless given. */
  readonly judge?: (tx: Transaction) => RuleError | null;
  /** Its way to check signatures of handshakes. */
  readonly verify?: Verify;
}

export class TestNode {
  readonly seed: number;
  readonly nodeKey: string;
  readonly headers: HeaderTree;
  readonly machine: Machine;
  readonly chain: ChainView & { tip: HeaderNode };
  readonly pool = new Map<string, Transaction>();
  readonly bodies = new Map<string, readonly Transaction[]>();
  readonly effects: Effect[] = [];
  /** Clocks of the next input. */
  now: Now = { monotonicMs: 0, wallMs: PARAMS.time + 100_000_000 };
  /** Set by the world: carries out what leaves the node. */
  outward: (effect: Effect) => void = () => {};
  /** Off: bodies asked for from the store are answered by the test. */
  answersReads = true;
  /** False: blocks handed over stay undecided. */
  answersBlocks = true;
  /** Off: transactions are never done being checked. */
  answersChecks = true;
  readonly lost = new Set<HeaderNode>();
  readonly #judge: (tx: Transaction) => RuleError | null;
  readonly #complete = new Set<HeaderNode>();

  constructor(options: TestNodeOptions) {
    this.seed = options.seed;
    this.#judge = options.judge ?? (() => null);
    this.headers = makeTree(options.params);
    this.#complete.add(this.headers.genesis);
    const isActive = (node: HeaderNode): boolean => {
      const { tip } = this.chain;
      return node.height <= tip.height && this.headers.ancestor(tip, node.height) === node;
    };
    this.chain = { tip: this.headers.genesis, isActive, lost: this.lost, heldBytes: 0 };
    const { verify } = options;
    const identity = { ...identityOf(options.seed), ...(verify && { verify }) };
    this.nodeKey = toHex(identity.publicKey);
    this.machine = new Machine({
      headers: this.headers,
      chain: this.chain,
      pool: this.pool,
      identity,
      random: draws(options.seed),
      config: { listen: '', agent: `test/${options.seed}`, peers: [], ...options.config },
    });
  }

  input(input: Input): Effect[] {
    const effects = this.machine.handle(input, this.now);
    this.effects.push(...effects);
    for (const effect of effects) this.#carryOut(effect);
    return effects;
  }

  /** Puts blocks into tree and store, as if mined or synced before. */
  give(blocks: readonly Made[]): HeaderNode {
    let node = this.chain.tip;
    for (const { header, transactions } of blocks) {
      node = this.headers.add(header, Number.MAX_SAFE_INTEGER);
      this.#store(node, transactions);
    }
    return node;
  }

  /** As the miner: the machine hears of it first, so that it is passed on before it is stored. */
  mine(block: Made): HeaderNode {
    const node = this.headers.add(block.header, Number.MAX_SAFE_INTEGER);
    this.input({ type: 'blockMined', node, transactions: block.transactions });
    if (this.#store(node, block.transactions)) this.input({ type: 'tipChanged', tip: node });
    return node;
  }

  /** As a user: own transactions into the pool. */
  submit(transactions: readonly Transaction[]): void {
    for (const tx of transactions) this.pool.set(tx.key, tx);
    this.input({ type: 'transactionsAdded', transactions, link: null });
  }

  effectsOf<T extends Effect['type']>(type: T): Extract<Effect, { type: T }>[] {
    return this.effects.filter((effect): effect is Extract<Effect, { type: T }> => effect.type === type);
  }

  /** Codes of the links closed. */
  get closes(): string[] {
    return this.effectsOf('close').map(({ code }) => code);
  }

  events(name: string): Record<string, string | number | boolean>[] {
    return this.effectsOf('event')
      .filter((event) => event.name === name)
      .map(({ fields }) => fields);
  }

  #carryOut(effect: Effect) {
    switch (effect.type) {
      case 'checkTransactions':
        if (this.answersChecks) this.#check(effect.link, effect.transactions);
        return;
      case 'acceptBlock': {
        if (!this.answersBlocks) return;
        const moved = this.#store(effect.node, effect.transactions);
        this.lost.delete(effect.node);
        this.input({ type: 'blockChecked', node: effect.node, error: null, link: effect.link });
        if (moved) this.input({ type: 'tipChanged', tip: this.chain.tip });
        return;
      }
      case 'readBody': {
        const body = this.bodies.get(effect.node.key);
        if (!this.answersReads) return;
        this.input({
          type: 'bodyRead',
          token: effect.token,
          body: body === undefined ? null : encodeBody(body),
        });
        return;
      }
      default:
        this.outward(effect);
    }
  }

  #check(link: number, transactions: readonly Transaction[]): void {
    const results = transactions.map((tx) => ({ key: tx.key, error: this.#judge(tx) }));
    const good = transactions.filter((_, i) => results[i]!.error === null);
    for (const tx of good) this.pool.set(tx.key, tx);
    this.input({ type: 'transactionsChecked', link, results });
    if (good.length > 0) this.input({ type: 'transactionsAdded', transactions: good, link });
  }

  /** True if the tip moved. */
  #store(node: HeaderNode, transactions: readonly Transaction[]): boolean {
    this.bodies.set(node.key, transactions);
    node.hasBody = true;
    const before = this.chain.tip;
    const ready = [node];
    for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
      if (!next.hasBody || next.parent === null || !this.#complete.has(next.parent)) continue;
      this.#complete.add(next);
      if (next.work > this.chain.tip.work) this.chain.tip = next;
      ready.push(...next.children);
    }
    for (const { key } of transactions) if (this.chain.isActive(node)) this.pool.delete(key);
    return this.chain.tip !== before;
  }
}
