/**
 * Owns a peer that speaks the wire by hand: it makes the handshake over the world's own links and then says whatever it
 * is told to, true or not. Grows with its links.
 */
import { concat, toHex } from '../../chain/format/bytes.ts';
import { DOMAIN } from '../../chain/format/hash.ts';
import type { TransportInput } from '../../node/ports.ts';
import {
  decodeMessage,
  encodeMessage,
  type Hello,
  type Message,
  type MessageBody,
  type MessageName,
} from '../../p2p/messages.ts';
import { createSigner, type Signer } from '../../wallet/identity.ts';
import type { Side } from '../link.ts';
import type { Endpoint, Network } from '../network.ts';
import type { Random } from '../random.ts';

const DIALLER = 1;

interface Line {
  readonly side: Side;
  hello: Hello | null;
  ready: boolean;
}

export class RawPeer implements Endpoint {
  readonly node: number;
  readonly host: string;
  readonly listening = false;
  readonly random: Random;
  /** Told of every message but those of the handshake and pings; true if it answered. */
  heard: (message: Message, link: number) => boolean = () => false;
  /** Work it claims in its hello: nobody may believe it. */
  work = 1n;
  readonly #network: Network;
  readonly #signer: Signer;
  readonly #lines = new Map<number, Line>();
  #chainId: Uint8Array | null = null;
  #lastLink = 0;

  constructor(node: number, network: Network, random: Random) {
    this.node = node;
    this.host = `10.${node + 1}.0.1`;
    this.#network = network;
    this.random = random;
    this.#signer = createSigner(random.fork('key').bytes(32));
  }

  dial(address: string, chainId: Uint8Array): void {
    this.#chainId = chainId;
    this.#network.dial(this, address);
  }

  /** Links through their handshake. */
  get links(): readonly number[] {
    return [...this.#lines].filter(([, { ready }]) => ready).map(([link]) => link);
  }

  say<K extends MessageName>(link: number, name: K, body: MessageBody<K>): void {
    this.sayBytes(link, encodeMessage(name, body));
  }

  sayBytes(link: number, bytes: Uint8Array): void {
    this.#lines.get(link)?.side.send(bytes);
  }

  /** The same to everyone. */
  shout<K extends MessageName>(name: K, body: MessageBody<K>): void {
    for (const link of this.links) this.say(link, name, body);
  }

  hangUp(): void {
    for (const { side } of this.#lines.values()) side.close();
  }

  nextLink(): number {
    return ++this.#lastLink;
  }

  attach(side: Side): void {
    this.#lines.set(side.link, { side, hello: null, ready: false });
  }

  report(input: TransportInput): void {
    if (input.type === 'opened') this.#greet(input.link);
    else if (input.type === 'closed') this.#lines.delete(input.link);
    else if (input.type === 'frame') this.#hear(input.link, input.bytes);
  }

  #hello(link: number): Hello {
    return {
      version: 1,
      chainId: this.#chainId!,
      nodeId: this.#signer.publicKey,
      nonce: this.random.fork(`nonce ${link}`).bytes(32),
      work: this.work,
      height: 0,
      capabilities: 0,
      listen: new Uint8Array(),
      agent: new Uint8Array(),
    };
  }

  #greet(link: number): void {
    this.say(link, 'hello', this.#hello(link));
  }

  #hear(link: number, bytes: Uint8Array): void {
    const message = decodeMessage(bytes);
    const line = this.#lines.get(link);
    if (message === null || line === undefined) return;
    if (message.name === 'hello') {
      line.hello = message.body;
      const mine = encodeMessage('hello', this.#hello(link));
      const theirs = encodeMessage('hello', message.body);
      const transcript = concat(DOMAIN.handshakeSignature, Uint8Array.of(DIALLER), mine, theirs);
      this.say(link, 'proof', { signature: this.#signer.sign(transcript) });
    } else if (message.name === 'proof') line.ready = true;
    else if (message.name === 'ping') this.say(link, 'pong', message.body);
    else if (!this.heard(message, link) && message.name === 'getHeaders')
      this.say(link, 'headers', { request: message.body.request, headers: [] });
  }

  /** Nonces of both hellos of a link: the dialler's, the listener's. */
  nonces(link: number): { dialler: Uint8Array; listener: Uint8Array } {
    return { dialler: this.#hello(link).nonce, listener: this.#lines.get(link)!.hello!.nonce };
  }

  get name(): string {
    return toHex(this.#signer.publicKey).slice(0, 8);
  }
}
