/**
 * Owns the door of the protocol machine: the inputs it takes, the effects it returns, and what it sees of the ledger.
 * Only shapes; nothing here holds state.
 */
import type { HeaderNode, HeaderTree } from '../chain/consensus/header-tree.ts';
import type { RuleError } from '../chain/errors.ts';
import type { Transaction } from '../chain/format/transaction.ts';

/** Two clocks: the monotonic one for timers, the wall clock only for the time of headers. Milliseconds. */
export interface Now {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** The active chain, as far as it is committed. */
export interface ChainView {
  readonly tip: HeaderNode;
  isActive(node: HeaderNode): boolean;
  /** Blocks of the active chain whose bodies the disk has lost. */
  readonly lost: ReadonlySet<HeaderNode>;
  /** Bytes of bodies that wait in memory to be connected. */
  readonly heldBytes: number;
}

/** The mempool, by hex id. */
export interface PoolView {
  readonly size: number;
  has(key: string): boolean;
  get(key: string): Transaction | undefined;
  values(): Iterable<Transaction>;
}

/** The node's Ed25519 identity. It grants no privilege; it names a node. */
export interface Identity {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
  /** Checks another's signature by rule L-strict, at once: a quicker way than plain arithmetic, if there is one here. */
  readonly verify?: Verify;
}

/** True if the signature is good. Never throws for bad bytes. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

export interface MachineConfig {
  /** `ws://host:port` others can dial, or '' if nobody can. */
  readonly listen: string;
  /** Name and version of the software, at most 32 ASCII bytes. */
  readonly agent: string;
  /** Addresses to keep a link to, whatever the book says. */
  readonly peers: readonly string[];
  /** Links to dial; `OUTBOUND_TARGET` unless given. */
  readonly outboundTarget?: number;
  /** Links to accept and keep, those in their handshake apart; `INBOUND_MAX` unless given. */
  readonly inboundMax?: number;
}

export interface MachineDeps {
  readonly headers: HeaderTree;
  readonly chain: ChainView;
  readonly pool: PoolView;
  readonly identity: Identity;
  /** A uniformly random u32. Must not be predictable: nonces and the address book's secret come from it. */
  readonly random: () => number;
  readonly config: MachineConfig;
}

export type Input =
  | { readonly type: 'start'; readonly savedAddresses: Uint8Array | null }
  /** `address` is the `ws://host:port` that was dialled, or the remote `host:port`. */
  | {
      readonly type: 'opened';
      readonly link: number;
      readonly inbound: boolean;
      readonly address: string;
      readonly loopback: boolean;
    }
  | { readonly type: 'frame'; readonly link: number; readonly bytes: Uint8Array }
  /** Exactly once after 'opened', also when we closed it. */
  | { readonly type: 'closed'; readonly link: number }
  | { readonly type: 'dialFailed'; readonly address: string }
  /** All that was sent on the link is with the kernel, or the transport's buffer is low again. Follows every burst of sends. */
  | { readonly type: 'drained'; readonly link: number }
  /** The deadline passed. Harmless at any other time. */
  | { readonly type: 'wake' }
  | {
      readonly type: 'transactionsChecked';
      readonly link: number | null;
      readonly results: readonly { readonly key: string; readonly error: RuleError | null }[];
    }
  /** Instead of 'transactionsChecked', for want of room. */
  | { readonly type: 'transactionsUnchecked'; readonly keys: readonly string[] }
  /** They are in the mempool now; `link` sent them, `null` if they are our own. */
  | {
      readonly type: 'transactionsAdded';
      readonly transactions: readonly Transaction[];
      readonly link: number | null;
    }
  | {
      readonly type: 'blockChecked';
      readonly node: HeaderNode;
      readonly error: RuleError | null;
      readonly link: number | null;
    }
  | { readonly type: 'bodyRead'; readonly token: number; readonly body: Uint8Array | null }
  | { readonly type: 'tipChanged'; readonly tip: HeaderNode }
  | { readonly type: 'blockMined'; readonly node: HeaderNode; readonly transactions: readonly Transaction[] }
  | { readonly type: 'connect'; readonly address: string }
  | { readonly type: 'disconnect'; readonly link: number }
  /** Lab switch: only nodes with these ids (hex) may be linked; `null` lets everyone in. */
  | { readonly type: 'allow'; readonly nodeIds: readonly string[] | null };

export type Effect =
  | { readonly type: 'dial'; readonly address: string }
  /** The bytes may be sent on several links: nobody may change them. */
  | { readonly type: 'send'; readonly link: number; readonly bytes: Uint8Array }
  | { readonly type: 'close'; readonly link: number; readonly code: string; readonly reason: string }
  /** Their structure is checked; signatures and state aren't. Answered by 'transactionsChecked'. */
  | { readonly type: 'checkTransactions'; readonly link: number; readonly transactions: Transaction[] }
  /** The body matches its header (`checkBody`). Answered by 'blockChecked' once it is executed or refused. */
  | {
      readonly type: 'acceptBlock';
      readonly node: HeaderNode;
      readonly transactions: Transaction[];
      readonly link: number | null;
    }
  /** Answered by 'bodyRead' with the encoded body. */
  | { readonly type: 'readBody'; readonly token: number; readonly node: HeaderNode }
  | { readonly type: 'saveAddresses'; readonly bytes: Uint8Array }
  | {
      readonly type: 'event';
      readonly name: string;
      readonly fields: Record<string, string | number | boolean>;
    };

/** A link as the RPC shows it. */
export interface PeerName {
  /** Node id, hex. */
  readonly node: string;
  readonly address: string;
}

export interface PeerInfo extends PeerName {
  readonly link: number;
  readonly inbound: boolean;
  /** Of the best header it is known to have, or as it claimed. */
  readonly height: number;
  readonly work: bigint;
  /** Since the handshake. */
  readonly connectedMs: number;
  readonly pingMs: number | null;
  readonly agent: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Bytes held for this peer. */
  readonly heldBytes: number;
}

export interface SyncState {
  /** True while bodies of a better chain are missing or headers are being walked. */
  readonly syncing: boolean;
  /** Height of the best header. */
  readonly headers: number;
  /** Bodies of the target chain that are missing, and how many of them have been asked for. */
  readonly missing: number;
  readonly inFlight: number;
}
