/** Owns the faults of the bank that are made in storage, the mempool and the network. */
import { fault } from './fault.mjs';

const LEDGER = 'chain/ledger/ledger.ts';

/** @type {readonly import('./fault.mjs').Fault[]} */
export const NODE_FAULTS = [
  // Storage
  fault(
    'the tip is written before the state',
    LEDGER,
    'const meta: StoreWrite[] = [',
    'await this.store.write([[META.tip, tip.id]], { sync: true }); const meta: StoreWrite[] = [',
    'crashes',
  ),
  fault(
    'a change of the tip is not synced',
    LEDGER,
    'await this.store.write(joined(rows, pages, meta), { sync: true });',
    'await this.store.write(joined(rows, pages, meta), { sync: false });',
    'power cut',
  ),
  fault(
    'acknowledged before it is on disk',
    'node/reactor/admissions.ts',
    'await written;',
    '',
    'acknowledged',
  ),
  fault(
    'acknowledged before it is synced',
    'chain/files/journal.ts',
    'if (!this.#isUnsynced || !group.some(({ sync }) => sync)) return;',
    'if (group.length > 0) return;',
    'acknowledged',
  ),
  // Mempool and network
  fault(
    'what waits is not bounded',
    'chain/pool/waiting.ts',
    'if (mine.size >= WAITING_PER_SENDER_MAX || this.#all.has(transaction.key)) return;',
    'if (this.#all.has(transaction.key)) return;',
    'gap flood',
  ),
  fault(
    'what a peer asks for is not bounded',
    'p2p/gossip/transaction-fetcher.ts',
    'if (state.announced >= limits.ANNOUNCED_PER_PEER_MAX || !peer.canHold(WANTED_BYTES)) return;',
    '',
    'announcement flood',
  ),
  fault(
    'a budget is never used up',
    'p2p/intake.ts',
    'state.units -= units;',
    'state.units -= units / 1000;',
    'budget flood',
  ),
  fault(
    'a stalled download is never given to another',
    'p2p/sync/body-sync.ts',
    'this.#endLate();\n    this.#endStall();',
    '',
    'silent peer',
  ),
  fault(
    'a late transaction is never asked of another',
    'p2p/gossip/transaction-fetcher.ts',
    'if (this.#wire.nowMs < deadlineMs) break;',
    'if (this.#wire.nowMs < deadlineMs + 1e9) break;',
    'silent announcer',
  ),
  fault(
    'a late rebuild is never ended',
    'p2p/relay/block-relay.ts',
    'if (this.#wire.nowMs < deadlineMs) continue;',
    'if (this.#wire.nowMs < deadlineMs + 1e9) continue;',
    'silent peer',
  ),
  fault(
    'a peer pays for what it relayed in good faith',
    'p2p/gossip/transaction-fetcher.ts',
    "if (error.kind === 'malformed' && state !== undefined) {",
    "if ((error.kind === 'malformed' || error.kind === 'context') && state !== undefined) {",
    'forgeries',
  ),
  fault(
    'a false header goes unpunished',
    'p2p/sync/header-sync.ts',
    "this.#wire.close(peer, 'BAD_HEADER', 'no work');",
    '',
    'idle header',
  ),
  fault(
    'bytes held for a peer are never given back',
    'p2p/gossip/transaction-fetcher.ts',
    'else state.peer.release(WANTED_BYTES);',
    '',
    'life',
  ),
];
