/** Owns the faults of the bank that let somebody crowd out others: in the book of addresses, the links and the headers. */
import { fault } from './fault.mjs';

const BOOK = 'p2p/addresses/address-book.ts';
const EXCHANGE = 'p2p/addresses/address-exchange.ts';
const FEELER = 'p2p/peers/feeler.ts';
const ADMISSION = 'p2p/peers/admission.ts';
const EVICTION = 'p2p/peers/eviction.ts';

/** @type {readonly import('./fault.mjs').Fault[]} */
export const NETWORK_FAULTS = [
  fault(
    'who dials in tells as many addresses as who was asked',
    EXCHANGE,
    'tokens: peer.inbound ? limits.ADDRESS_TOKENS_INBOUND : limits.ADDRESS_TOKENS_MAX,',
    'tokens: limits.ADDRESS_TOKENS_MAX,',
    'address flood',
  ),
  fault('addresses are taken without end', EXCHANGE, 'state.tokens -= 1;', '', 'address flood'),
  fault(
    'one network group reaches the whole book',
    BOOK,
    '% limits.NEW_BUCKETS_PER_SOURCE;',
    '% limits.NEW_BUCKETS;',
    'book flood',
  ),
  fault(
    'the book is not bounded',
    BOOK,
    'if (!this.#yields(slot)) return false;\n    this.#put(makeEntry(address), slot);',
    'this.#put(makeEntry(address), slot);',
    'book flood',
  ),
  fault(
    'the oldest links are forgotten over a restart',
    BOOK,
    'tried: slot >= TRIED_FROM, metAtMs, anchor }',
    'tried: slot >= TRIED_FROM, metAtMs, anchor: false }',
    'restart',
  ),
  fault('with all links in place no other address is tried', FEELER, 'this.#dials.feel();', '', 'eclipse'),
  fault(
    'who claims more work is left like everybody else',
    FEELER,
    'if (peer.hello!.work <= work ||',
    'if (peer.hello!.work >= 0n ||',
    'eclipse',
  ),
  fault(
    'the youngest inbound link makes room, whosever it is',
    EVICTION,
    'return largest.at(-1)?.link ?? null;',
    'return left.at(-1)?.link ?? null;',
    'crowd',
  ),
  fault(
    'the oldest inbound link makes room',
    EVICTION,
    'left = left.slice(Math.ceil(left.length / 2));',
    'return left[0]?.link ?? null;',
    'crowd',
  ),
  fault(
    'inbound links are not limited',
    ADMISSION,
    'if (others.length < this.#readyMax) return;',
    'return;',
    'crowd',
  ),
  fault(
    'links in their handshake are not limited',
    ADMISSION,
    'for (const peer of this.#greeting.surplus(this.#wire.nowMs))',
    'for (const peer of this.#greeting.surplus(Number.NEGATIVE_INFINITY))',
    'strangers',
  ),
  fault(
    'a burst of handshakes makes those give way that have just come',
    'p2p/peers/places.ts',
    'this.#entries.size > rush ? nowMs : nowMs - graceMs',
    'nowMs',
    'strangers',
  ),
  fault(
    'a link in its handshake takes the place of one that is ready',
    ADMISSION,
    'if (!peer.inbound) return;\n    const { address',
    'if (!peer.inbound) return;\n    this.ready(peer);\n    const { address',
    'crowd',
  ),
  fault(
    'hosts that were false are remembered without end',
    'p2p/peers/discouraged.ts',
    'if (this.#untilMs.size >= DISCOURAGED_MAX) this.#untilMs.delete(this.#untilMs.keys().next().value!);',
    '',
    'strangers',
  ),
  fault(
    'a branch is kept before its work is counted',
    'p2p/sync/header-sync.ts',
    'if (this.#isEnough(claimed)) return this.#store(state, batch);',
    'if (claimed >= 0n) return this.#store(state, batch);',
    'low work',
  ),
];
