/** Owns the faults of the bank about bodies that are false, and about blocks that come before their time. */
import { fault } from './fault.mjs';

const LEDGER = 'chain/ledger/ledger.ts';

/** @type {readonly import('./fault.mjs').Fault[]} */
export const BODY_FAULTS = [
  fault(
    'a body is not compared with its header',
    'chain/format/block.ts',
    "if (!equalBytes(txRoot(ids), header.txRoot)) throw new RuleError('MUTATED_BODY');",
    '',
    'mutated body',
  ),
  fault(
    'a mutated body is remembered as invalid',
    'p2p/sync/received-body.ts',
    "if (error.code !== 'MUTATED_BODY') invalid(error);\n    else from",
    'invalid(error);\n    from',
    'mutated body',
  ),
  fault(
    'a block before its time is not kept',
    'p2p/relay/block-relay.ts',
    'if (isEarly(block)) this.#early.keep(block, transactions);\n    else this.#ports',
    'if (!isEarly(block)) this.#ports',
    'orphaned future',
  ),
  fault(
    'a block before its time is taken at once',
    'p2p/relay/early-blocks.ts',
    'early.fromWallMs > wallMs',
    'early.fromWallMs > wallMs + 1e15',
    'orphaned future',
    'future block',
  ),
  fault(
    'blocks before their time are kept without end',
    'p2p/relay/early-blocks.ts',
    'this.#blocks.length = Math.min(this.#blocks.length, EARLY_BLOCKS_MAX);',
    '',
    'many early blocks',
  ),
  fault(
    'nobody else is asked for a header before its time',
    'p2p/sync/header-sync.ts',
    'other.retryAtMs = earlier(other.retryAtMs, state.retryAtMs);',
    'other.retryAtMs = earlier(other.retryAtMs, null);',
    'orphaned header',
  ),
  fault(
    'structure is checked before the root',
    'chain/format/block.ts',
    'const ids = parts.map(',
    'for (const part of parts) if (part instanceof Uint8Array) decodeTransaction(part);\n  const ids = parts.map(',
    'malformed answer',
  ),
  fault(
    'a block with a malformed transaction costs its relay the link',
    'p2p/sync/received-body.ts',
    "if (error.code !== 'MUTATED_BODY') invalid(error);",
    "if (error.kind === 'context') invalid(error);",
    'malformed body',
  ),
  fault(
    'a block with a malformed transaction is not remembered',
    'p2p/machine.ts',
    'this.#deps.headers.invalidate(node);',
    '',
    'malformed body',
  ),
  fault(
    'a block with a false signature is not remembered',
    LEDGER,
    'for (const marked of this.#choice.invalidate(node)) this.#bodies.release(marked);',
    'this.#bodies.release(node);\n    node.hasBody = false;\n    this.#choice.bodyLost(node);',
    'falsely signed body',
  ),
  fault(
    'colliding short ids are trusted',
    'p2p/relay/block-relay.ts',
    "if (error.code === 'MUTATED_BODY') return this.#fallback(peer, block, 'not the body of its header');",
    '',
    'short ids',
  ),
  fault(
    'a peer that sent a colliding block is punished',
    'p2p/relay/block-relay.ts',
    "if (error.code === 'MUTATED_BODY') return this.#fallback(peer, block, 'not the body of its header');",
    "if (error.code === 'MUTATED_BODY') return this.#wire.close(peer, 'MUTATED_BODY');",
    'short ids',
  ),
];
