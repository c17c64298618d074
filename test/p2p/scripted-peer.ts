/**
 * Owns a peer that a test plays by hand: it makes the handshake and then says what it is told to, true or not.
 */
import { concat, toHex } from '../../chain/format/bytes.ts';
import { DOMAIN } from '../../chain/format/hash.ts';
import {
  decodeMessage,
  encodeMessage,
  type Hello,
  type Message,
  type MessageBody,
  type MessageName,
} from '../../p2p/messages.ts';
import { identityOf, type TestNode } from './test-node.ts';

let lastLink = 1_000_000;

export class ScriptedPeer {
  readonly node: TestNode;
  readonly link = ++lastLink;
  readonly inbound: boolean;
  readonly loopback: boolean;
  readonly address: string;
  readonly identity: ReturnType<typeof identityOf>;
  readonly hello: Hello;
  #read = 0;

  /** Links to `node`; as an inbound link unless told otherwise. */
  constructor(
    node: TestNode,
    seed: number,
    options: { hello?: Partial<Hello>; inbound?: boolean; loopback?: boolean; address?: string } = {},
  ) {
    this.node = node;
    this.inbound = options.inbound ?? true;
    this.loopback = options.loopback ?? true;
    this.address =
      options.address ?? (this.inbound ? `127.0.0.1:${50_000 + seed}` : `ws://127.0.0.1:${8000 + seed}`);
    this.identity = identityOf(seed);
    this.hello = {
      version: 1,
      chainId: node.headers.chainId,
      nodeId: this.identity.publicKey,
      nonce: new Uint8Array(32).fill(seed),
      work: 1n,
      height: 0,
      capabilities: 0,
      listen: new Uint8Array(),
      agent: new Uint8Array(),
      ...options.hello,
    };
    const { link, inbound, address, loopback } = this;
    node.input({ type: 'opened', link, inbound, address, loopback });
  }

  /** Through the handshake; what the node says first is left unread. */
  join(): this {
    this.say('hello', this.hello);
    const theirs = this.heard('hello')[0]!;
    this.say('proof', { signature: this.identity.sign(this.transcript(theirs)) });
    return this;
  }

  /** What this side signs. */
  transcript(theirs: Hello, role = this.inbound ? 1 : 2): Uint8Array {
    const mine = encodeMessage('hello', this.hello);
    const other = encodeMessage('hello', theirs);
    const [dialler, listener] = this.inbound ? [mine, other] : [other, mine];
    return concat(DOMAIN.handshakeSignature, Uint8Array.of(role), dialler, listener);
  }

  say<K extends MessageName>(name: K, body: MessageBody<K>): void {
    this.sayBytes(encodeMessage(name, body));
  }

  sayBytes(bytes: Uint8Array): void {
    this.node.input({ type: 'frame', link: this.link, bytes });
  }

  hangUp(): void {
    this.node.input({ type: 'closed', link: this.link });
  }

  /** Tells the node that all it sent has left. */
  drain(): void {
    this.node.input({ type: 'drained', link: this.link });
  }

  /** Bodies of the messages of this name so far. */
  heard<K extends MessageName>(name: K): MessageBody<K>[] {
    return this.messages()
      .filter((message) => message.name === name)
      .map(({ body }) => body as MessageBody<K>);
  }

  /** Those of this name since the last call of `fresh`, which forgets all others. */
  fresh<K extends MessageName>(name: K): MessageBody<K>[] {
    const all = this.messages();
    const late = all.slice(this.#read);
    this.#read = all.length;
    return late.filter((message) => message.name === name).map(({ body }) => body as MessageBody<K>);
  }

  messages(): Message[] {
    return this.node
      .effectsOf('send')
      .filter(({ link }) => link === this.link)
      .map(({ bytes }) => decodeMessage(bytes)!);
  }

  /** Code the node closed this link with. */
  get closedWith(): string | null {
    return this.node.effectsOf('close').find(({ link }) => link === this.link)?.code ?? null;
  }

  get nodeKey(): string {
    return toHex(this.identity.publicKey);
  }
}
