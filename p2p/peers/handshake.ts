/**
 * Owns the handshake: both sides send a hello at once, check the other's, and prove their node id with a signature over
 * both hellos and their own role. Nothing else is taken before. An identity grants no privilege.
 *
 * Bounds: the two hellos of each link in its handshake; a link leaves this part when it is ready, closed, or
 * `HANDSHAKE_TIMEOUT_MS` old.
 */
import { verifyStrict } from '../../chain/crypto/ed25519.ts';
import { compareBytes, concat, equalBytes, fromText, toHex, toText } from '../../chain/format/bytes.ts';
import { DOMAIN } from '../../chain/format/hash.ts';
import { parsePeerUrl } from '../addresses/peer-url.ts';
import type { Census } from '../census.ts';
import type { Identity, Verify } from '../door.ts';
import { HANDSHAKE_TIMEOUT_MS } from '../limits.ts';
import { encodeMessage, type Hello, PROTOCOL_VERSION } from '../messages.ts';
import type { Peer } from '../peer.ts';
import { earlier, type Wire } from '../wire.ts';

/** What a hello says of us; asked for at each link, since the tip moves. */
export interface HelloSource {
  readonly chainId: Uint8Array;
  readonly work: bigint;
  readonly height: number;
  readonly listen: string;
  readonly agent: string;
}

interface State {
  readonly peer: Peer;
  readonly ours: Hello;
}

/** Capability bits we offer: none is defined yet. */
const CAPABILITIES = 0;
const DIALLER = 1;
const LISTENER = 2;

export class Handshake {
  readonly #wire: Wire;
  readonly #identity: Identity;
  readonly #source: () => HelloSource;
  readonly #random: () => number;
  readonly #verify: Verify;
  readonly #onReady: (peer: Peer) => void;
  readonly #states = new Map<number, State>();
  readonly #ownKey: string;
  /** Node ids that may be linked, or everyone. Bounded by the operator's list. */
  #allowed: ReadonlySet<string> | null = null;

  constructor(
    wire: Wire,
    identity: Identity,
    source: () => HelloSource,
    random: () => number,
    onReady: (peer: Peer) => void,
  ) {
    this.#wire = wire;
    this.#identity = identity;
    this.#source = source;
    this.#random = random;
    this.#verify = identity.verify ?? verifyStrict;
    this.#onReady = onReady;
    this.#ownKey = toHex(identity.publicKey);
  }

  /** Greets a new link. */
  open(peer: Peer) {
    const { listen, agent, ...rest } = this.#source();
    const ours: Hello = {
      version: PROTOCOL_VERSION,
      nodeId: this.#identity.publicKey,
      nonce: drawBytes(this.#random, 32),
      capabilities: CAPABILITIES,
      listen: fromText(listen),
      agent: fromText(agent),
      ...rest,
    };
    if (peer.inbound) peer.listenerNonce = ours.nonce;
    else peer.diallerNonce = ours.nonce;
    this.#states.set(peer.link, { peer, ours });
    this.#wire.send(peer, 'hello', ours);
  }

  helloReceived(peer: Peer, hello: Hello) {
    const state = this.#states.get(peer.link)!;
    const { ours } = state;
    const key = toHex(hello.nodeId);
    if (!equalBytes(hello.chainId, ours.chainId)) {
      return this.#wire.close(peer, 'WRONG_CHAIN', `theirs is ${toHex(hello.chainId)}`);
    }
    const listen = hello.listen.length === 0 ? '' : parsePeerUrl(toText(hello.listen))?.url;
    const agent = fromAscii(hello.agent);
    if (listen === undefined || agent === null) {
      return this.#wire.close(peer, 'MALFORMED', 'listening address or agent');
    }
    peer.hello = hello;
    peer.nodeKey = key;
    peer.listen = listen;
    peer.agent = agent;
    if (key === this.#ownKey) return this.#wire.close(peer, 'SELF');
    if (!this.allows(key)) return this.#wire.close(peer, 'NOT_ALLOWED');
    // Dialled by another address of it, or through somebody in between: our proof would have it cut the link that stands.
    const standing = peer.inbound ? undefined : this.#linkTo(key);
    if (standing !== undefined && this.#isStale(standing)) return this.#wire.close(peer, 'DUPLICATE');
    if (peer.inbound) peer.diallerNonce = hello.nonce;
    else peer.listenerNonce = hello.nonce;
    peer.phase = 'proving';
    const signature = this.#identity.sign(
      transcript(peer.inbound ? LISTENER : DIALLER, peer.inbound, ours, hello),
    );
    this.#wire.send(peer, 'proof', { signature });
  }

  proofReceived(peer: Peer, signature: Uint8Array) {
    const { ours } = this.#states.get(peer.link)!;
    const hello = peer.hello!;
    const message = transcript(peer.inbound ? DIALLER : LISTENER, peer.inbound, ours, hello);
    if (!this.#verify(hello.nodeId, message, signature)) return this.#wire.close(peer, 'BAD_PROOF');
    this.#states.delete(peer.link);
    const other = this.#linkTo(peer.nodeKey);
    if (other !== undefined) {
      const kept = this.#isStale(other) ? peer : keptLink(this.#ownKey, other, peer);
      this.#wire.close(kept === peer ? other : peer, 'DUPLICATE');
      if (kept !== peer) return;
    }
    peer.phase = 'ready';
    peer.readyAtMs = this.#wire.nowMs;
    this.#wire.linksChanged();
    const { link, nodeKey: node, inbound, agent } = peer;
    this.#wire.event('peerReady', { link, node, inbound, agent, height: hello.height });
    this.#onReady(peer);
  }

  /** The link to a node, of those that are through their handshake. */
  #linkTo(key: string): Peer | undefined {
    return this.#wire.ready.find(({ nodeKey }) => nodeKey === key);
  }

  /**
   * A node that proves its id on a new link long after the last doesn't know of that one any more: it has restarted, and
   * nothing told us. Only the holder of the key can say so. Links that crossed are younger.
   */
  #isStale({ readyAtMs }: Peer): boolean {
    return this.#wire.nowMs >= readyAtMs + HANDSHAKE_TIMEOUT_MS;
  }

  /** Lets only these nodes (hex ids) be linked from now on; links to others are closed. */
  allow(nodeIds: readonly string[] | null): void {
    this.#allowed = nodeIds === null ? null : new Set(nodeIds);
    for (const peer of [...this.#wire.peers.values()]) {
      if (peer.nodeKey !== '' && !this.allows(peer.nodeKey)) this.#wire.close(peer, 'NOT_ALLOWED');
    }
  }

  allows(nodeKey: string): boolean {
    return this.#allowed === null || this.#allowed.has(nodeKey);
  }

  /** Tells what it holds and waits for. */
  census(census: Census): void {
    census.holds('handshake.peers', this.#states.size);
    for (const { peer } of this.#states.values())
      census.awaits('handshake', peer.openedAtMs + HANDSHAKE_TIMEOUT_MS);
  }

  drop(peer: Peer): void {
    this.#states.delete(peer.link);
  }

  tick(): void {
    if (this.#states.size === 0) return;
    for (const { peer } of this.#states.values()) {
      if (this.#wire.nowMs >= peer.openedAtMs + HANDSHAKE_TIMEOUT_MS)
        this.#wire.close(peer, 'HANDSHAKE_TIMEOUT');
    }
  }

  deadline(): number | null {
    let at: number | null = null;
    if (this.#states.size === 0) return at;
    for (const { peer } of this.#states.values()) at = earlier(at, peer.openedAtMs + HANDSHAKE_TIMEOUT_MS);
    return at;
  }
}

/** What the side in `role` signs: domain, role, the dialler's hello frame, the listener's. Both are self-delimiting. */
function transcript(role: number, weListen: boolean, ours: Hello, theirs: Hello): Uint8Array {
  const mine = encodeMessage('hello', ours);
  const other = encodeMessage('hello', theirs);
  return concat(
    DOMAIN.handshakeSignature,
    Uint8Array.of(role),
    weListen ? other : mine,
    weListen ? mine : other,
  );
}

/**
 * Which of two links between the same pair stays. Both sides must choose the same one whatever order they saw them in,
 * so it hangs on what both know: first the link dialled by the lower node id, then the lower nonce of the dialler.
 */
export function keptLink(ownKey: string, a: Peer, b: Peer): Peer {
  if (a.inbound !== b.inbound) {
    const weAreLower = ownKey < a.nodeKey;
    return a.inbound === weAreLower ? b : a;
  }
  return compareBytes(a.diallerNonce, b.diallerNonce) < 0 ? a : b;
}

function drawBytes(random: () => number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < length; at += 4) view.setUint32(at, random());
  return bytes;
}

/** Printable ASCII only: it ends in logs and terminals. */
function fromAscii(bytes: Uint8Array): string | null {
  for (const byte of bytes) if (byte < 0x20 || byte > 0x7e) return null;
  return toText(bytes);
}
