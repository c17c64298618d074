/**
 * Owns the answers to requests for headers, from the active chain. No state: an answer is at most `HEADERS_MAX`
 * headers, some 44 times its question of a full locator, and is charged to the peer's budget.
 */
import type { HeaderTree } from '../../chain/consensus/header-tree.ts';
import { encodeHeader } from '../../chain/format/header.ts';
import type { ChainView } from '../door.ts';
import { HEADERS_MAX } from '../limits.ts';
import type { Peer } from '../peer.ts';
import type { Wire } from '../wire.ts';

/** Work units of a header in an answer. */
const HEADER_UNITS = 5;
const LOCATOR_ENTRY_UNITS = 20;

export class HeaderServing {
  readonly #wire: Wire;
  readonly #headers: HeaderTree;
  readonly #chain: ChainView;
  readonly #charge: (peer: Peer, units: number) => void;

  constructor(
    wire: Wire,
    headers: HeaderTree,
    chain: ChainView,
    charge: (peer: Peer, units: number) => void,
  ) {
    this.#wire = wire;
    this.#headers = headers;
    this.#chain = chain;
    this.#charge = charge;
  }

  /** Answers with the headers of the active chain after the first entry of the locator that is on it. */
  requestReceived(peer: Peer, request: number, locator: readonly Uint8Array[]): void {
    const nodes = this.#headers.afterLocator(this.#chain.tip, locator, HEADERS_MAX);
    this.#charge(peer, nodes.length * HEADER_UNITS + locator.length * LOCATOR_ENTRY_UNITS);
    this.#wire.send(peer, 'headers', { request, headers: nodes.map(({ header }) => encodeHeader(header)) });
  }
}
