/**
 * Owns the way of each message to the part of the protocol it concerns: one place that shows who hears what. It holds
 * no state.
 */
import { keyOfId } from '../chain/format/id-key.ts';
import type { Message } from './messages.ts';
import type { Parts } from './parts.ts';
import type { Peer } from './peer.ts';

/** Work units of an id or an index in a request for transactions. */
const ID_UNITS = 5;

/** Gives a decoded message, which the link's phase allows, to its part. */
export function routeMessage(parts: Parts, peer: Peer, { name, body }: Message) {
  switch (name) {
    case 'hello':
      return parts.handshake.helloReceived(peer, body);
    case 'proof':
      return parts.handshake.proofReceived(peer, body.signature);
    case 'ping':
      return parts.keepAlive.pingReceived(peer, body.nonce);
    case 'pong':
      return parts.keepAlive.pongReceived(peer, body.nonce);
    case 'getAddresses':
      return parts.exchange.requestReceived(peer);
    case 'addresses':
      return parts.exchange.addressesReceived(peer, body.urls);
    case 'announce':
      parts.announcer.peerKnows(peer, body.ids);
      return parts.fetcher.announced(peer, body.ids);
    case 'getTransactions':
      parts.intake.charge(peer, body.ids.length * ID_UNITS);
      return parts.announcer.requestReceived(peer, body.request, body.ids, body.ids.map(keyOfId));
    case 'transactions':
      return parts.fetcher.answerReceived(peer, body.request, body.transactions);
    case 'getHeaders':
      return parts.headerServing.requestReceived(peer, body.request, body.locator);
    case 'headers':
      return parts.headerSync.headersReceived(peer, body.request, body.headers);
    case 'getBodies':
      return parts.bodyServing.requestReceived(peer, body.request, body.ids);
    case 'body':
      if (parts.lostBodies.bodyReceived(peer, body.id, body.body)) return;
      return parts.bodySync.bodyReceived(peer, body.id, body.body);
    case 'noBody':
      if (parts.lostBodies.noBodyReceived(peer, body.id)) return;
      // The answer to either question: each part knows its own requests.
      if (parts.relay.refused(peer, body.request)) return;
      return parts.bodySync.noBodyReceived(peer, body.id);
    case 'tip':
      return parts.relay.tipReceived(peer, body.header);
    case 'block':
      return parts.relay.blockReceived(peer, body.header, body.shortIds);
    case 'getBlockTransactions':
      parts.intake.charge(peer, body.indexes.length * ID_UNITS);
      return parts.relay.requestReceived(peer, body.request, body.id, body.indexes);
    case 'blockTransactions':
      return parts.relay.answerReceived(peer, body.request, body.transactions);
  }
}
