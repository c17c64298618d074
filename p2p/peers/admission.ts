/**
 * Owns whether an inbound link may stay: hosts that were false, links still in their handshake, and the number in all,
 * for which the least useful link makes room. It holds no state of its own; the table of links is bounded by it.
 */
import { hostOf, parseRemote } from '../addresses/peer-url.ts';
import { INBOUND_GREETING_MAX } from '../limits.ts';
import type { Peer } from '../peer.ts';
import type { Wire } from '../wire.ts';
import type { Discouraged } from './discouraged.ts';
import { chooseEviction } from './eviction.ts';

/** Closes `peer`, or another inbound link in its favour, if it can't stay beside them all. */
export function admitInbound(wire: Wire, discouraged: Discouraged, peer: Peer, inboundMax: number) {
  if (!peer.loopback && discouraged.has(hostOf(peer.address), wire.nowMs))
    return wire.close(peer, 'DISCOURAGED');
  const inbound = [...wire.peers.values()].filter((other) => other.inbound && other.phase !== 'closing');
  const ready = inbound.filter((other) => other.ready);
  if (inbound.length - ready.length > INBOUND_GREETING_MAX) {
    // The one that takes longest, the first of the table: refusing newcomers would let idlers keep everybody out.
    const slowest = inbound.find((other) => !other.ready)!;
    return wire.close(slowest, 'INBOUND_FULL', 'too many handshakes at once');
  }
  if (inbound.length <= inboundMax) return;
  const link = chooseEviction(
    ready.map(({ link, openedAtMs, pingMs, lastTransactionAtMs, lastBlockAtMs, address }) => ({
      link,
      openedAtMs,
      pingMs,
      lastTransactionAtMs,
      lastBlockAtMs,
      group: parseRemote(address)?.group ?? hostOf(address),
    })),
  );
  if (link === null) wire.close(peer, 'INBOUND_FULL');
  else wire.close(wire.peers.get(link)!, 'EVICTED');
}
