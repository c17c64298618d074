/**
 * Owns what nodes tell each other of addresses: one request for each link we dialled, answers from the book, our own
 * address, and a little passing on of news.
 *
 * Bounds: a token bucket of addresses taken from each peer (`ADDRESS_TOKENS_MAX`; who dialled us begins with fewer), one answer a link in
 * `ADDRESS_ANSWER_INTERVAL_MS`, news passed on to `ADDRESS_RELAY_LINKS` links, once, when the book took them.
 */

import { fromText, toText } from '../../chain/format/bytes.ts';
import type { Census } from '../census.ts';
import * as limits from '../limits.ts';
import type { Peer } from '../peer.ts';
import type { Wire } from '../wire.ts';
import type { AddressBook } from './address-book.ts';
import { type PeerUrl, parsePeerUrl, parseRemote } from './peer-url.ts';

interface State {
  tokens: number;
  filledAtMs: number;
  answeredAtMs: number | null;
}

export class AddressExchange {
  readonly #wire: Wire;
  readonly #book: AddressBook;
  readonly #own: string;
  readonly #random: () => number;
  /** Told that the book has grown. */
  readonly #onGrown: () => void;
  readonly #states = new Map<number, State>();

  constructor(wire: Wire, book: AddressBook, own: string, random: () => number, onGrown: () => void) {
    this.#wire = wire;
    this.#book = book;
    this.#own = own;
    this.#random = random;
    this.#onGrown = onGrown;
  }

  ready(peer: Peer): void {
    this.#states.set(peer.link, {
      tokens: peer.inbound ? limits.ADDRESS_TOKENS_INBOUND : limits.ADDRESS_TOKENS_MAX,
      filledAtMs: this.#wire.nowMs,
      answeredAtMs: null,
    });
    // A peer that dialled us is told nothing it may have chosen us to hear, and asks for itself.
    if (!peer.inbound) this.#wire.send(peer, 'getAddresses', {});
    if (this.#own !== '') this.#wire.send(peer, 'addresses', { urls: [fromText(this.#own)] });
    const listen = peer.listen === '' ? null : parsePeerUrl(peer.listen);
    if (listen !== null && this.#mayTake(peer, listen)) this.#learn(peer, [listen]);
  }

  requestReceived(peer: Peer): void {
    const state = this.#states.get(peer.link)!;
    const { nowMs } = this.#wire;
    if (state.answeredAtMs !== null && nowMs < state.answeredAtMs + limits.ADDRESS_ANSWER_INTERVAL_MS) return;
    state.answeredAtMs = nowMs;
    const urls: Uint8Array[] = [];
    const entries = [...this.#book.values()].filter(({ address }) => this.#mayTell(peer, address));
    // A random sample without replacement, and never the whole book if it is large: it shows whom we know.
    const most = Math.min(limits.ADDRESSES_MAX, Math.max(16, Math.ceil(entries.length / 4)));
    while (urls.length < most && entries.length > 0) {
      const at = this.#random() % entries.length;
      urls.push(fromText(entries[at]!.address.url));
      entries[at] = entries.at(-1)!;
      entries.pop();
    }
    if (urls.length > 0) this.#wire.send(peer, 'addresses', { urls });
  }

  addressesReceived(peer: Peer, urls: readonly Uint8Array[]): void {
    const state = this.#states.get(peer.link)!;
    const { nowMs } = this.#wire;
    const refill = ((nowMs - state.filledAtMs) * limits.ADDRESS_TOKENS_PER_SECOND) / 1000;
    state.tokens = Math.min(limits.ADDRESS_TOKENS_MAX, state.tokens + refill);
    state.filledAtMs = nowMs;
    const taken: PeerUrl[] = [];
    for (const bytes of urls) {
      if (state.tokens < 1) break;
      state.tokens -= 1;
      // One that can't be parsed may be a form of a later version: passed over.
      const address = parsePeerUrl(toText(bytes));
      if (address !== null && this.#mayTake(peer, address)) taken.push(address);
    }
    const fresh = this.#learn(peer, taken);
    if (urls.length <= limits.ADDRESS_NEWS_MAX) this.#passOn(peer, fresh);
  }

  /** Tells what it holds and waits for. */
  census(census: Census): void {
    census.holds('addresses.peers', this.#states.size);
    census.holds('addresses.book', this.#book.size);
  }

  drop(peer: Peer): void {
    this.#states.delete(peer.link);
  }

  #learn(peer: Peer, addresses: readonly PeerUrl[]): PeerUrl[] {
    const source = peer.loopback ? 'loopback' : (parseRemote(peer.address)?.group ?? peer.address);
    const fresh = addresses.filter((address) => this.#book.add(address, source));
    if (fresh.length > 0) this.#onGrown();
    return fresh;
  }

  #passOn(from: Peer, addresses: readonly PeerUrl[]): void {
    const others = this.#wire.ready.filter((peer) => peer !== from);
    for (let i = 0; i < limits.ADDRESS_RELAY_LINKS && others.length > 0; i++) {
      const at = this.#random() % others.length;
      const to = others[at]!;
      others.splice(at, 1);
      const urls = addresses.filter((address) => this.#mayTell(to, address)).map(({ url }) => fromText(url));
      if (urls.length > 0) this.#wire.send(to, 'addresses', { urls });
    }
  }

  #mayTake(peer: Peer, address: PeerUrl): boolean {
    return address.url !== this.#own && this.#isNear(peer, address);
  }

  #mayTell(peer: Peer, address: PeerUrl): boolean {
    return address.url !== peer.listen && address.url !== peer.address && this.#isNear(peer, address);
  }

  /**
   * A loopback address means another machine to each who hears it: for this machine only. One of a private network, or
   * a name, is for its members: nobody outside may have us dial into our own network.
   */
  #isNear(peer: Peer, address: PeerUrl): boolean {
    if (peer.loopback) return true;
    return !address.loopback && (!address.site || parseRemote(peer.address)?.site === true);
  }
}
