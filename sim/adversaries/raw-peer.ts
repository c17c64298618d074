/**
 * Owns a peer that speaks the wire by hand: it makes the handshake over the world's own links and then says whatever it
 * is told to, true or not. Grows with its links.
 */
import { concat, fromText } from '../../chain/format/bytes.ts';
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
import type { Signer } from '../../wallet/identity.ts';
import { hostOfNode, PORT } from '../address.ts';
import type { Side } from '../link.ts';
import type { Endpoint, Network } from '../network.ts';
import type { Random } from '../random.ts';
import { makeSigner, type Sign } from '../users.ts';

const DIALLER = 1;
const LISTENER = 2;

interface Line {
  readonly side: Side;
  /** The other side dialled it. */
  inbound: boolean;
  /** What it was greeted with. */
  own: Hello | null;
  hello: Hello | null;
  ready: boolean;
}

export class RawPeer implements Endpoint {
  readonly node: number;
  host: string;
  /** True once it answers dials. */
  listening = false;
  readonly random: Random;
  /** Told of every message but those of the handshake and pings; true if it answered. */
  heard: (message: Message, link: number) => boolean = () => false;
  /** Told of links that came through their handshake, of those that ended, and of dials that failed. */
  linked: (link: number) => void = () => {};
  ended: () => void = () => {};
  /** Work and height it claims in its hello: nobody may believe them. */
  work = 1n;
  height = 0;
  readonly #network: Network;
  #signer: Signer;
  readonly #sign: Sign | undefined;
  #moves = 0;
  readonly #lines = new Map<number, Line>();
  #chainId: Uint8Array | null = null;
  #lastLink = 0;

  /** At the address of its index, or at a host of its own; `sign` as for nodes. */
  constructor(
    node: number,
    network: Network,
    random: Random,
    options: { readonly host?: string; readonly sign?: Sign | undefined } = {},
  ) {
    this.node = node;
    this.host = options.host ?? hostOfNode(node);
    this.#network = network;
    this.random = random;
    this.#sign = options.sign;
    this.#signer = makeSigner(random.fork('key').bytes(32), options.sign);
  }

  get address(): string {
    return `ws://${this.host}:${PORT}`;
  }

  /** Another host and another identity: for who isn't welcome any more. */
  move(): void {
    const draws = this.random.fork(`move ${this.#moves++}`);
    this.host = `45.${this.node}.${draws.below(256)}.${draws.below(256)}`;
    this.#signer = makeSigner(draws.bytes(32), this.#sign);
  }

  /** Answers dials from now on. */
  listen(chainId: Uint8Array): void {
    this.#chainId = chainId;
    this.#network.register(this.address, this);
    this.listening = true;
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
    this.listening = false;
    for (const { side } of this.#lines.values()) side.close();
  }

  nextLink(): number {
    return ++this.#lastLink;
  }

  attach(side: Side): void {
    this.#lines.set(side.link, { side, inbound: false, own: null, hello: null, ready: false });
  }

  report(input: TransportInput): void {
    if (input.type === 'opened') this.#greet(input.link, input.inbound);
    else if (input.type === 'closed') {
      this.#lines.delete(input.link);
      this.ended();
    } else if (input.type === 'dialFailed') this.ended();
    else if (input.type === 'frame') this.#hear(input.link, input.bytes);
  }

  #hello(link: number): Hello {
    return {
      version: 1,
      chainId: this.#chainId!,
      nodeId: this.#signer.publicKey,
      nonce: this.random.fork(`nonce ${link}`).bytes(32),
      work: this.work,
      height: this.height,
      capabilities: 0,
      listen: this.listening ? fromText(this.address) : new Uint8Array(),
      agent: new Uint8Array(),
    };
  }

  #greet(link: number, inbound: boolean): void {
    const line = this.#lines.get(link);
    if (line === undefined) return;
    line.inbound = inbound;
    line.own = this.#hello(link);
    this.say(link, 'hello', line.own);
  }

  #hear(link: number, bytes: Uint8Array): void {
    const message = decodeMessage(bytes);
    const line = this.#lines.get(link);
    if (message === null || line === undefined) return;
    if (message.name === 'hello') {
      line.hello = message.body;
      const mine = encodeMessage('hello', line.own!);
      const theirs = encodeMessage('hello', message.body);
      const [first, second, role] = line.inbound ? [theirs, mine, LISTENER] : [mine, theirs, DIALLER];
      const transcript = concat(DOMAIN.handshakeSignature, Uint8Array.of(role), first, second);
      this.say(link, 'proof', { signature: this.#signer.sign(transcript) });
    } else if (message.name === 'proof') {
      line.ready = true;
      this.linked(link);
    } else if (message.name === 'ping') this.say(link, 'pong', message.body);
    else if (!this.heard(message, link) && message.name === 'getHeaders')
      this.say(link, 'headers', { request: message.body.request, headers: [] });
  }

  /** Nonces of both hellos of a link: the dialler's, the listener's. */
  nonces(link: number): { dialler: Uint8Array; listener: Uint8Array } {
    const { inbound, own, hello } = this.#lines.get(link)!;
    const [mine, theirs] = [own!.nonce, hello!.nonce];
    return inbound ? { dialler: theirs, listener: mine } : { dialler: mine, listener: theirs };
  }
}
