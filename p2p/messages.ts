/**
 * Owns the messages: one table of id, codec, largest size and role. One message is one binary frame: a type byte and a
 * body. Unknown types are ignored, so that later versions can say more. It holds no state; what a frame can make the
 * decoder allocate is bounded by the frame's own size, which is bounded by its type.
 *
 * Roles decide what happens under load: a `request` waits for the link to drain and for the peer's budget, a `push`
 * is dropped without budget, an `answer` is taken always and ignored if nobody waits for it.
 */
import { RuleError } from '../chain/errors.ts';
import { BODY_TRANSACTIONS_MAX } from '../chain/format/block.ts';
import {
  byteString,
  type Codec,
  decode,
  encode,
  fixed,
  list,
  marked,
  struct,
  u16,
  u32,
  u48,
  u256,
} from '../chain/format/codec.ts';
import { HEADER_BYTES } from '../chain/format/header.ts';
import { BLOCK_BYTES_MAX } from '../chain/format/params.ts';
import { TRANSACTION_BYTES_MAX } from '../chain/format/transaction.ts';
import * as limits from './limits.ts';

export const PROTOCOL_VERSION = 1;
/** Bytes of a short transaction id, which is a number. */
const SHORT_ID_BYTES = 6;

export interface Hello {
  readonly version: number;
  readonly chainId: Uint8Array;
  readonly nodeId: Uint8Array;
  readonly nonce: Uint8Array;
  /** Cumulative work and height of the active tip: hints, never believed. */
  readonly work: bigint;
  readonly height: number;
  /** Bits for later features; unknown bits are ignored. */
  readonly capabilities: number;
  /** `ws://host:port`, or empty. */
  readonly listen: Uint8Array;
  readonly agent: Uint8Array;
}

type Phase = 'greeting' | 'proving' | 'ready';
type Role = 'handshake' | 'request' | 'answer' | 'push';

interface Spec<T> {
  readonly id: number;
  /** Of the whole frame. */
  readonly frame: Codec<T>;
  /** Most bytes of the frame, type byte included. */
  readonly maxBytes: number;
  readonly phase: Phase;
  readonly role: Role;
}

const spec = <T>(id: number, maxBody: number, phase: Phase, role: Role, body: Codec<T>): Spec<T> => ({
  id,
  frame: marked(id, body),
  maxBytes: 1 + maxBody,
  phase,
  role,
});

const id = fixed(32);
const HELLO_BYTES = 2 + 32 + 32 + 32 + 32 + 4 + 4 + 1 + limits.ADDRESS_BYTES_MAX + 1 + limits.AGENT_BYTES_MAX;
/** A transaction in a list has its length before it, 2 bytes. */
const TRANSACTION_ITEM_BYTES = 2 + TRANSACTION_BYTES_MAX;

export const MESSAGES = {
  hello: spec(
    0x01,
    HELLO_BYTES,
    'greeting',
    'handshake',
    struct<Hello>({
      version: u16,
      chainId: id,
      nodeId: id,
      nonce: fixed(32),
      work: u256,
      height: u32,
      capabilities: u32,
      listen: byteString(limits.ADDRESS_BYTES_MAX),
      agent: byteString(limits.AGENT_BYTES_MAX),
    }),
  ),
  proof: spec(0x02, 64, 'proving', 'handshake', struct({ signature: fixed(64) })),
  ping: spec(0x03, 8, 'ready', 'request', struct({ nonce: fixed(8) })),
  pong: spec(0x04, 8, 'ready', 'answer', struct({ nonce: fixed(8) })),
  getAddresses: spec(0x05, 0, 'ready', 'request', struct<Record<string, never>>({})),
  addresses: spec(
    0x06,
    1 + limits.ADDRESSES_MAX * (1 + limits.ADDRESS_BYTES_MAX),
    'ready',
    'push',
    struct({ urls: list(limits.ADDRESSES_MAX, byteString(limits.ADDRESS_BYTES_MAX)) }),
  ),
  announce: spec(
    0x10,
    2 + limits.ANNOUNCE_IDS_MAX * 32,
    'ready',
    'push',
    struct({ ids: list(limits.ANNOUNCE_IDS_MAX, id) }),
  ),
  getTransactions: spec(
    0x11,
    4 + 1 + limits.TRANSACTIONS_MAX * 32,
    'ready',
    'request',
    struct({ request: u32, ids: list(limits.TRANSACTIONS_MAX, id) }),
  ),
  transactions: spec(
    0x12,
    4 + 1 + limits.TRANSACTIONS_MAX * TRANSACTION_ITEM_BYTES,
    'ready',
    'answer',
    struct({ request: u32, transactions: list(limits.TRANSACTIONS_MAX, byteString(TRANSACTION_BYTES_MAX)) }),
  ),
  getHeaders: spec(
    0x20,
    4 + 1 + limits.LOCATOR_MAX * 32,
    'ready',
    'request',
    struct({ request: u32, locator: list(limits.LOCATOR_MAX, id) }),
  ),
  headers: spec(
    0x21,
    4 + 2 + limits.HEADERS_MAX * HEADER_BYTES,
    'ready',
    'answer',
    struct({ request: u32, headers: list(limits.HEADERS_MAX, fixed(HEADER_BYTES)) }),
  ),
  getBodies: spec(
    0x22,
    4 + 1 + limits.BODIES_MAX * 32,
    'ready',
    'request',
    struct({ request: u32, ids: list(limits.BODIES_MAX, id) }),
  ),
  body: spec(
    0x23,
    4 + 32 + 4 + BLOCK_BYTES_MAX,
    'ready',
    'answer',
    struct({ request: u32, id, body: byteString(BLOCK_BYTES_MAX) }),
  ),
  noBody: spec(0x24, 4 + 32, 'ready', 'answer', struct({ request: u32, id })),
  tip: spec(0x25, HEADER_BYTES, 'ready', 'push', struct({ header: fixed(HEADER_BYTES) })),
  block: spec(
    0x30,
    HEADER_BYTES + 4 + BODY_TRANSACTIONS_MAX * SHORT_ID_BYTES,
    'ready',
    'push',
    struct({ header: fixed(HEADER_BYTES), shortIds: list(BODY_TRANSACTIONS_MAX, u48) }),
  ),
  getBlockTransactions: spec(
    0x31,
    4 + 32 + 4 + BODY_TRANSACTIONS_MAX * 2,
    'ready',
    'request',
    struct({ request: u32, id, indexes: list(BODY_TRANSACTIONS_MAX, u16) }),
  ),
  blockTransactions: spec(
    0x32,
    4 + 32 + 4 + BLOCK_BYTES_MAX,
    'ready',
    'answer',
    struct({
      request: u32,
      id,
      transactions: list(BODY_TRANSACTIONS_MAX, byteString(TRANSACTION_BYTES_MAX)),
    }),
  ),
} as const;

export type MessageName = keyof typeof MESSAGES;
export type MessageBody<K extends MessageName> = (typeof MESSAGES)[K] extends Spec<infer T> ? T : never;
export type Message = {
  [K in MessageName]: { readonly name: K; readonly body: MessageBody<K> };
}[MessageName];

const BY_ID: ReadonlyMap<number, MessageName> = new Map(
  (Object.keys(MESSAGES) as MessageName[]).map((name) => [MESSAGES[name].id, name]),
);

/** Largest frame of any type: what a transport must let through, and not a byte more. */
export const FRAME_BYTES_MAX = Math.max(...Object.values(MESSAGES).map(({ maxBytes }) => maxBytes));

/** What the type byte says, before anything is decoded; `null` for a type that isn't known. */
export function nameOfFrame(frame: Uint8Array): MessageName | null {
  return BY_ID.get(frame[0] ?? -1) ?? null;
}

/** True for a hello of another version, whatever else that version has in it. */
export function speaksOtherVersion(frame: Uint8Array): boolean {
  if (frame[0] !== MESSAGES.hello.id || frame.length < 3) return false;
  return frame[1]! * 256 + frame[2]! !== PROTOCOL_VERSION;
}

/** The frame of a message. */
export function encodeMessage<K extends MessageName>(name: K, body: MessageBody<K>): Uint8Array {
  return encode((MESSAGES[name] as unknown as Spec<MessageBody<K>>).frame, body);
}

/**
 * The message of a frame; `null` for a type that isn't known. `RuleError('OVERSIZE')` over the type's limit,
 * 'MALFORMED' for anything that `encodeMessage` would not have written.
 */
export function decodeMessage(frame: Uint8Array): Message | null {
  if (frame.length === 0) throw new RuleError('MALFORMED', 'an empty frame');
  const name = nameOfFrame(frame);
  const max = name === null ? limits.UNKNOWN_BYTES_MAX : MESSAGES[name].maxBytes;
  if (frame.length > max) throw new RuleError('OVERSIZE', `${frame.length} bytes of at most ${max}`);
  if (name === null) return null;
  const body = decode(MESSAGES[name].frame as Codec<unknown>, frame);
  return { name, body } as Message;
}
