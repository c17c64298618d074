/** Owns a peer that asks and tells as much as it can, all of it well formed and most of it worthless. Holds nothing. */
import type { RawPeer } from './raw-peer.ts';

const IDS = 1_024;
const URLS = 64;
const REQUESTS = 20;

/** One gush to every link. */
export function flood(peer: RawPeer) {
  const { random } = peer;
  switch (random.below(4)) {
    case 0:
      return peer.shout('announce', { ids: Array.from({ length: IDS }, () => random.bytes(32)) });
    case 1:
      return peer.shout('addresses', {
        urls: Array.from({ length: URLS }, () =>
          Uint8Array.from(
            `ws://10.${200 + random.below(50)}.${random.below(256)}.${random.below(256)}:9000`,
            (char) => char.charCodeAt(0),
          ),
        ),
      });
    case 2:
      for (let i = 0; i < REQUESTS; i++)
        peer.shout('getHeaders', { request: i, locator: [random.bytes(32)] });
      break;
    default:
      for (let i = 0; i < REQUESTS; i++)
        peer.shout('getBodies', { request: i, ids: Array.from({ length: 16 }, () => random.bytes(32)) });
  }
}
