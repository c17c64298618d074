/**
 * Owns proofs of the state as it was a few blocks below the tip, so that clients of nodes whose tips differ can check
 * answers against a block all of them share. Blocks are taken back in memory, on a tree and an overlay of its own:
 * nothing is ever written.
 *
 * Bounds: `EARLIER_BLOCKS_MAX` blocks back, once for each tip and not for each question: what was taken back is kept
 * until the tip moves, if it is no more than `KEPT_BYTES_MAX`.
 */
import type { HeaderNode } from '../consensus/header-tree.ts';
import { RuleError } from '../errors.ts';
import type { EntryRef } from '../state/entries.ts';
import { PageCache } from '../state/page-cache.ts';
import { StateTree } from '../state/tree.ts';
import { encodeProof } from '../state/tree-proof.ts';
import { Connector } from './connector.ts';
import type { Ledger } from './ledger.ts';
import { Overlay } from './overlay.ts';
import type { StateReader } from './state-reader.ts';
import type { Answer, ProvedEntry } from './tip-view.ts';

export const EARLIER_BLOCKS_MAX = 16;
/** Of what the blocks overwrote; the pages of the tree that changed take a few times as much. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;
const CACHE_BYTES = 4 * 1024 * 1024;

/** The state at `at`, on top of what the store has for `tip`. */
interface Rewound {
  readonly tip: HeaderNode;
  at: HeaderNode;
  readonly tree: StateTree;
  readonly overlay: Overlay;
  readonly connector: Connector;
}

export class EarlierState {
  readonly #ledger: Ledger;
  #rewound: Rewound | null = null;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /**
   * The entries as of `block`, each with its path under that block's state root. Rejects with 'UNKNOWN_BLOCK' unless it
   * is the tip or at most `EARLIER_BLOCKS_MAX` blocks below.
   */
  prove(block: HeaderNode, refs: readonly EntryRef[]): Promise<Answer<ProvedEntry[]>> {
    return this.#ledger.exclusively(async () => {
      const { tip } = this.#ledger;
      if (!this.#ledger.isActive(block) || block.height < tip.height - EARLIER_BLOCKS_MAX) {
        const detail = `the state of block ${block.height} is gone here; the tip is block ${tip.height}`;
        throw new RuleError('UNKNOWN_BLOCK', detail);
      }
      try {
        const rewound = await this.#rewind(tip, block);
        const value = await proveAll(rewound, this.#ledger.reader, refs);
        if (rewound.overlay.bytes > KEPT_BYTES_MAX) this.#rewound = null;
        return { tip, value };
      } catch (error) {
        // What is half taken back can't be gone on from.
        this.#rewound = null;
        throw error;
      }
    });
  }

  async #rewind(tip: HeaderNode, block: HeaderNode): Promise<Rewound> {
    let rewound = this.#rewound;
    if (rewound === null || rewound.tip !== tip || rewound.at.height < block.height)
      rewound = this.#begin(tip);
    this.#rewound = rewound;
    while (rewound.at !== block) {
      const transactions = await this.#ledger.readTransactions(rewound.at);
      await rewound.connector.disconnect(rewound.at, transactions!);
      rewound.at = rewound.at.parent!;
    }
    return rewound;
  }

  #begin(tip: HeaderNode): Rewound {
    const { params, headers, store, reader, pause } = this.#ledger;
    const overlay = new Overlay();
    const tree = new StateTree(store, new PageCache(CACHE_BYTES), tip.header.stateRoot);
    const connector = new Connector({ params, headers, store, reader, overlay, tree, pause });
    return { tip, at: tip, tree, overlay, connector };
  }
}

async function proveAll(
  { tree, overlay }: Rewound,
  reader: StateReader,
  refs: readonly EntryRef[],
): Promise<ProvedEntry[]> {
  const values = await reader.read(tree, refs, { pending: overlay });
  const proved = refs.map(({ key }, i) => ({ bytes: values[i]!, proof: encodeProof(tree.prove(key)) }));
  tree.unload();
  return proved;
}
