/**
 * Owns one command's dealings with several nodes: which header they agree on, who lied and how, and whom to ask next.
 * Bounded by the nodes it is given; each is asked a fixed number of times.
 */
import type { HeaderContext } from '../../chain/consensus/header-rules.ts';
import { RuleError } from '../../chain/errors.ts';
import type { Header } from '../../chain/format/header.ts';
import type { RpcClient } from '../client.ts';
import { WalletError } from '../errors.ts';
import { NodeLie, Unsettled } from '../headers/faults.ts';
import { followNode, type Surroundings } from '../headers/follow.ts';
import { HeaderSource } from '../headers/header-source.ts';
import {
  type Branch,
  endOfBranch,
  endOfChain,
  followBranch,
  type VerifiedChain,
} from '../headers/verified-chain.ts';
import type { Timer } from '../http.ts';
import { NoNodeError, RpcError } from '../rpc-errors.ts';
import { type Agreement, agree, LAG_MAX, type Witness } from './agreement.ts';

/** Nodes whose best chains are compared. */
const WITNESSES = 2;
/** A block is on its way for a moment: nodes that are so close are asked again before the older one is settled for. */
const CLOSE_BLOCKS = 2;
const PATIENCE_MS = 100;
const PATIENCE_TIMES = 6;

/** A header of the chain. */
export interface PlacedHeader {
  readonly header: Header;
  readonly id: Uint8Array;
  /** Cumulative, in expected hashes. */
  readonly work: bigint;
  /** False: above the agreed header, so only on the branch that one node shows. */
  readonly agreed: boolean;
}

/** What was wrong with a node: it lied, it didn't answer, or its answer was of no use. */
export interface Objection {
  readonly node: string;
  readonly kind: 'lie' | 'silence' | 'useless';
  readonly reason: string;
}

export interface SessionOptions {
  readonly rpc: RpcClient;
  readonly chain: VerifiedChain;
  readonly world: Surroundings;
  readonly timer: Timer;
  /** Other nodes of the ledger: their chains are compared, their answers aren't wanted. Empty unless nodes were named. */
  readonly witnesses?: readonly string[];
  /** True: these witnesses are asked for proofs as well, when the nodes that were named give none. */
  readonly askWitnesses?: boolean;
  /** Blocks below the tip of a lone node at which its state is taken; `DEPTH` if left out. */
  readonly depth?: number;
}

export class Session {
  readonly rpc: RpcClient;
  readonly objections: Objection[] = [];
  readonly #options: SessionOptions;
  #witnesses: Witness[] = [];
  #agreement: Agreement | undefined;
  /** What to do when nothing can be checked. */
  #hint = 'name another node with --node URL; --trust believes the first that answers, unchecked';

  private constructor(options: SessionOptions) {
    this.rpc = options.rpc;
    this.#options = options;
  }

  /** Asks nodes for their best chains. 'NOT_VERIFIED' if none has one that can be checked. */
  static async open(options: SessionOptions): Promise<Session> {
    const session = new Session(options);
    await session.#gather();
    return session;
  }

  /** One node's best chain as it is now. Throws as `followNode` does. */
  branchOf(node: string): Promise<Branch> {
    return followNode(this.source(node), this.#options.chain, this.#options.world);
  }

  /** Headers whose place in the chain was shown, by height: what an answer needed once it may need again. */
  readonly placed = new Map<number, PlacedHeader>();

  get ledger(): VerifiedChain['ledger'] {
    return this.#options.chain.ledger;
  }

  get agreement(): Agreement {
    return this.#agreement!;
  }

  /** The end of the heaviest chain that was compared: what depth is counted from. */
  get top(): HeaderContext {
    return endOfBranch(this.agreement.branch);
  }

  /** True if that chain has less work than the one that was verified before: nothing final follows from it. */
  get isBehind(): boolean {
    return this.top.work < endOfChain(this.#options.chain).work;
  }

  /** What to keep for the next time: all of the heaviest chain that was compared, so that a later one is compared with it. */
  get chain(): VerifiedChain {
    return followBranch(this.#options.chain, this.agreement.branch, this.top);
  }

  source(node: string): HeaderSource {
    return new HeaderSource(this.rpc, node);
  }

  /**
   * The first answer that `read` finds good: of the nodes that agree, then of the others. `read` throws `NodeLie` for
   * what is false. Throws 'NOT_VERIFIED' naming all that was wrong; a refusal that all share is thrown as it is.
   */
  async ask<T>(read: (node: string) => Promise<T>): Promise<T> {
    let refusal: RpcError | null = null;
    for (const node of this.#order()) {
      try {
        return await read(node);
      } catch (error) {
        if (error instanceof RpcError && error.ledgerCode !== undefined) refusal = error;
        this.object(node, error);
      }
    }
    throw refusal !== null && !this.#anyLie() ? refusal : this.#unverified();
  }

  /** Notes what was wrong with a node's answer; throws what isn't the node's fault. */
  object(node: string, error: unknown): void {
    if (error instanceof NodeLie) {
      // One lie is enough to say of a node.
      if (this.objections.some((known) => known.node === node && known.kind === 'lie')) return;
      this.objections.push({ node, kind: 'lie', reason: error.message });
    } else if (error instanceof NoNodeError) {
      const reason = error.failures[0]?.reason ?? error.message;
      this.objections.push({ node, kind: 'silence', reason });
    } else if (ofNoUse(error)) {
      if (error instanceof Unsettled && error.hint !== '') this.#hint = error.hint;
      this.objections.push({ node, kind: 'useless', reason: error.message });
    } else {
      throw error;
    }
  }

  /** Those that agree, then those not asked yet: a proof is as good from anyone. */
  #order(): string[] {
    const { node: first, nodes } = this.agreement;
    const { askWitnesses = false } = this.#options;
    const agreed = [first, ...nodes].filter((node) => askWitnesses || this.rpc.nodes.includes(node));
    const known = new Set(this.objections.map(({ node }) => node));
    const liars = new Set(this.objections.flatMap(({ node, kind }) => (kind === 'lie' ? [node] : [])));
    const all = [...new Set([...agreed, ...this.rpc.nodes])];
    return all.filter((node) => !liars.has(node) && (agreed.includes(node) || !known.has(node)));
  }

  #anyLie(): boolean {
    return this.objections.some(({ kind }) => kind === 'lie');
  }

  async #gather(): Promise<void> {
    const { witnesses = [], timer } = this.#options;
    const waiting = [...new Set([...this.rpc.nodes, ...witnesses.map((url) => new URL(url).href)])];
    for (;;) {
      const wanted = Math.max(0, WITNESSES - (this.#agreement?.nodes.length ?? 0));
      const asked = waiting.splice(0, wanted);
      if (asked.length === 0) break;
      this.#witnesses.push(...(await this.#follow(asked)));
      if (this.#witnesses.length > 0)
        this.#agreement = agree(this.#witnesses, this.#named(), this.#options.depth);
    }
    for (let times = 0; times < PATIENCE_TIMES && this.#isClose(); times++) {
      await new Promise<void>((resolve) => timer.after(PATIENCE_MS, resolve));
      const again = await this.#follow(this.#witnesses.map(({ node }) => node));
      if (again.length < this.#witnesses.length) break;
      this.#witnesses = again;
      this.#agreement = agree(again, this.#named(), this.#options.depth);
    }
    const agreement = this.#agreement;
    if (agreement === undefined || !agreement.nodes.some((node) => this.rpc.nodes.includes(node))) {
      throw this.#unverified();
    }
    for (const { node, blocks } of agreement.apart) {
      const reason = `it is behind or on another branch: the others left its chain ${blocks} blocks ago`;
      this.objections.push({ node, kind: 'useless', reason });
    }
    this.#compareWithEarlier(agreement);
  }

  /** A chain with less work than what was checked here before isn't the best one: it is shown only if it was asked for. */
  #compareWithEarlier({ header, nodes }: Agreement): void {
    const before = endOfChain(this.#options.chain);
    if (header.work >= before.work || header.header.height + LAG_MAX >= before.header.height) return;
    const reason = `its chain has less work than was checked here before, up to block ${before.header.height}`;
    for (const { node, branch } of this.#witnesses) {
      const isBehind = nodes.includes(node) && endOfBranch(branch).work < before.work;
      if (isBehind) this.objections.push({ node, kind: 'useless', reason });
    }
    if (this.#named() === undefined) throw this.#unverified();
  }

  /** The node whose chain counts whatever the others say: the one that was named, if there are others to compare it with. */
  #named(): string | undefined {
    const { witnesses = [] } = this.#options;
    if (witnesses.length === 0 || this.rpc.nodes.length > 1) return undefined;
    return this.#witnesses.find(({ node }) => this.rpc.nodes.includes(node))?.node;
  }

  async #follow(nodes: readonly string[]): Promise<Witness[]> {
    const { chain, world } = this.#options;
    const found = await Promise.all(
      nodes.map(async (node): Promise<Witness | null> => {
        try {
          return { node, branch: await followNode(this.source(node), chain, world) };
        } catch (error) {
          this.object(node, error);
          return null;
        }
      }),
    );
    return found.filter((witness) => witness !== null);
  }

  #isClose(): boolean {
    if (this.#agreement === undefined) return false;
    const { below, nodes } = this.#agreement;
    return nodes.length > 1 && below > 0 && below <= CLOSE_BLOCKS;
  }

  #unverified(): WalletError {
    const failures = this.objections.map(({ node, reason }) => ({ node, reason }));
    if (this.objections.every(({ kind }) => kind === 'silence')) return new NoNodeError(failures);
    const list = failures.map(({ node, reason }) => `${node}: ${reason}`).join('; ');
    return new WalletError('NOT_VERIFIED', list, this.#hint);
  }
}

function ofNoUse(error: unknown): error is Error {
  return [RpcError, WalletError, RuleError, Unsettled].some((kind) => error instanceof kind);
}
