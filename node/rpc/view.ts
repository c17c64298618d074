/**
 * Owns what the RPC sees of a node. It deals in the ledger's own values; the methods turn them into JSON. Answers that
 * read the store are of one snapshot and name its tip.
 */
import type { HeaderNode } from '../../chain/consensus/header-tree.ts';
import type { RuleError } from '../../chain/errors.ts';
import type { Params } from '../../chain/format/params.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import type { Mined } from '../../chain/ledger/mined.ts';
import type { ProofSubject } from '../../chain/ledger/proofs.ts';
import type { MinedPage } from '../../chain/ledger/queries.ts';
import type { OwnedPage, RecordStory } from '../../chain/ledger/record-queries.ts';
import type { Answer, ProvedEntry } from '../../chain/ledger/tip-view.ts';
import type { Account, EntryRef, LedgerRecord, Totals, Touches } from '../../chain/state/entries.ts';
import type { PeerInfo } from '../../p2p/door.ts';
import type { Health } from '../condition.ts';
import type { Arrival, Cause, Reason } from '../reactor/causes.ts';
import type { Reorg } from '../reactor/reorgs.ts';
import type { Standing } from '../reactor/standing.ts';

/** The outcome of one submitted transaction. */
export interface Submission {
  /** Null if the bytes are no transaction. */
  readonly id: Uint8Array | null;
  /** Null if it was refused, for `error`. */
  readonly status: 'pending' | 'mined' | null;
  readonly error: RuleError | null;
}

/** What is known of a transaction that isn't in the active chain. */
export type Unmined =
  | { readonly status: 'pending'; readonly transaction: Transaction }
  | { readonly status: 'dropped'; readonly reason: RuleError }
  | { readonly status: 'unknown' };

export interface ForkTip {
  readonly node: HeaderNode;
  readonly status: 'active' | 'valid' | 'headers' | 'invalid';
  /** Height of the last block it shares with the active chain. */
  readonly forkHeight: number;
}

export interface Reorganisation {
  /** Wall clock, milliseconds since 1970. */
  readonly at: number;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  /** Blocks disconnected. */
  readonly depth: number;
  /** Blocks connected. */
  readonly connected: number;
  readonly forkHeight: number;
}

/** What is known of a transaction, and why it is where it is. */
export interface TransactionStory {
  readonly status: 'mined' | 'pending' | 'waiting' | 'dropped' | 'refused' | 'unknown';
  /** Oldest first. */
  readonly causes: readonly Cause[];
  /** Causes after the first that were forgotten. */
  readonly left: number;
  /** Wall clock: of what was before, some may be forgotten. */
  readonly since: number;
  /** The transaction, while it is pending or waits for what it rests on. */
  readonly transaction: Transaction | null;
  readonly mined: Mined | null;
  /** What goes before it, while it is pending. */
  readonly standing: Standing | null;
  /** The nonce that its sender's next transaction needs, while it waits. */
  readonly nextNonce: number | null;
}

/** What became of a transaction that the last reorganisation displaced. */
export interface Displaced {
  readonly id: string;
  readonly status: 'mined' | 'pending' | 'waiting' | 'dropped';
  /** Of the block it is in now. */
  readonly height: number | null;
  readonly reason: Reason | null;
}

/** Why the tip is the tip. */
export interface TipStory {
  readonly tip: HeaderNode;
  /** Null if it came before what is remembered. */
  readonly arrival: Arrival | null;
  /** The other branches with the most work, best first. `reason` is for those that are invalid. */
  readonly rivals: readonly (ForkTip & {
    readonly arrival: Arrival | null;
    readonly reason: Reason | null;
  })[];
  /** The last reorganisation that is remembered; of the transactions it displaced the first, and how many there were. */
  readonly displacement: {
    readonly reorg: Reorg;
    readonly transactions: readonly Displaced[];
    readonly count: number;
  } | null;
  readonly since: number;
}

export type TransactionNews =
  | { readonly status: 'pending'; readonly transaction: Transaction }
  | {
      readonly status: 'mined';
      readonly transaction: Transaction;
      readonly block: HeaderNode;
      readonly index: number;
    }
  | { readonly status: 'dropped'; readonly transaction: Transaction; readonly reason: RuleError };

/** What subscribers hear of. */
export type NodeEvent =
  | { readonly topic: 'tip'; readonly node: HeaderNode; readonly transactions: number }
  | { readonly topic: 'reorg'; readonly reorganisation: Reorganisation }
  | ({ readonly topic: 'transaction' } & TransactionNews)
  /** A transaction on a record was mined. */
  | {
      readonly topic: 'record';
      readonly record: Uint8Array;
      readonly transaction: Transaction;
      readonly block: HeaderNode;
    };

export type Topic = NodeEvent['topic'];

export interface NodeView {
  readonly params: Params;
  readonly chainId: Uint8Array;
  /** The parsed `genesis.json`. */
  readonly genesis: unknown;
  /** Hex of the node's Ed25519 public key. */
  readonly nodeId: string;
  readonly version: string;
  /** `ws://host:port` of the node, or null if it takes no links. */
  readonly listen: string | null;
  readonly health: Health;

  readonly tip: HeaderNode;
  readonly bestHeader: HeaderNode;
  readonly syncing: boolean;
  /** How far old rows were looked through, how often all of them, and what was found damaged and mended. */
  readonly scrub: { readonly height: number; readonly rounds: number; readonly mended: number };
  readonly mining: { readonly address: Uint8Array; readonly hashrate: number } | null;
  totals(): Promise<Answer<Totals>>;

  /** The block with the id, or of the active chain at the height; null if there is none. */
  findBlock(at: { readonly id: Uint8Array } | { readonly height: number }): HeaderNode | null;
  isActive(node: HeaderNode): boolean;
  /** Null if this node doesn't have them. */
  transactionsOf(node: HeaderNode): Promise<readonly Transaction[] | null>;

  account(address: Uint8Array): Promise<Answer<Account | null>>;
  /** What waits in the mempool of one sender, lowest nonce first, with what each takes from its balance. */
  queueOf(sender: Uint8Array): readonly { readonly transaction: Transaction; readonly cost: number }[];
  /** `before` is the `older` of an earlier page. */
  history(address: Uint8Array, limit: number, before: Touches | undefined): Promise<Answer<MinedPage>>;
  record(id: Uint8Array): Promise<Answer<LedgerRecord | null>>;
  /** In the order of their ids, from behind `after` on. */
  recordsOf(owner: Uint8Array, limit: number, after: Uint8Array | undefined): Promise<Answer<OwnedPage>>;
  /** Newest first; `before` is the `older` of an earlier page; null if there never was such a record. */
  recordHistory(
    id: Uint8Array,
    limit: number,
    before: Touches | undefined,
  ): Promise<Answer<RecordStory | null>>;
  /** The bytes of a proof's file. Rejects as `prove` of `chain/ledger/proofs.ts` does. */
  prove(subject: ProofSubject): Promise<Answer<Uint8Array>>;
  /** Entries as of a block. Rejects as `EarlierState` of `chain/ledger/earlier-state.ts` does. */
  proveState(block: HeaderNode, refs: readonly EntryRef[]): Promise<Answer<ProvedEntry[]>>;

  /** `complete` is false if it wasn't found, and may be in an old block all the same. */
  mined(id: Uint8Array): Promise<Answer<Mined | null> & { readonly complete: boolean }>;
  unmined(id: Uint8Array): Unmined;
  whyTransaction(id: Uint8Array): Promise<Answer<TransactionStory>>;
  whyTip(): Promise<TipStory>;
  /** Resolves once those taken are on disk. One outcome each, in order. */
  submit(transactions: readonly Uint8Array[]): Promise<Submission[]>;
  readonly pool: { readonly size: number; readonly bytes: number; values(): Iterable<Transaction> };
  /** Planks a byte: what to pay to be mined soon, and below which nothing is taken now. */
  fees(): { readonly perByte: number; readonly floorPerByte: number };

  peers(): readonly PeerInfo[];
  addresses(): readonly { readonly url: string; readonly lastSeenMs: number | null }[];
  forkTips(): readonly ForkTip[];
  /** Oldest first. */
  reorganisations(): readonly Reorganisation[];

  /** Returns how to stop listening. */
  onEvent(listener: (event: NodeEvent) => void): () => void;

  connect(url: string): void;
  /** False if no link leads to that node. */
  disconnect(nodeId: string): boolean;
  /** Only these nodes may be linked; null lets everyone in. */
  allow(nodeIds: readonly string[] | null): void;
  /** Each frame to and from other nodes takes so much longer. At most `LAG_MS_MAX`. */
  lag(ms: number): void;
  mine(address: Uint8Array | null, hashesPerSecond: number | undefined): void;
  /** Begins an orderly stop; the answer still goes out. */
  stop(): void;
}
