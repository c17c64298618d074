/** Owns what a method of the RPC is: one entry of the table from which calls, checks, OpenRPC and docs/RPC.md come. */
import type { Schema } from './schema.ts';
import type { Params, ReadParams } from './shapes.ts';
import type { NodeView, Topic } from './view.ts';

/** What subscribes: a client on a WebSocket. */
export interface Subscriber {
  /** Returns the subscription's number. Throws `RpcFault` if the client has too many. */
  subscribe(topics: readonly Topic[]): number;
  /** False if there is no such subscription. */
  unsubscribe(subscription: number): boolean;
}

export interface Context {
  readonly view: NodeView;
  /** Showed the cookie. */
  readonly admin: boolean;
  /** Null over plain HTTP. */
  readonly subscriber: Subscriber | null;
}

export interface Method {
  readonly name: string;
  /** One sentence or two, for the documentation. */
  readonly doc: string;
  readonly params: Params;
  readonly result: Schema;
  readonly example: { readonly params: object; readonly result: unknown };
  /** Wants the cookie. */
  readonly admin: boolean;
  /** Only over a WebSocket. */
  readonly socketOnly: boolean;
  call(context: Context, params: ReadParams<Params>): unknown;
}

interface Definition<P extends Params> {
  name: string;
  doc: string;
  params: P;
  result: Schema;
  example: { params: object; result: unknown };
  admin?: true;
  socketOnly?: true;
  call(context: Context, params: ReadParams<P>): unknown;
}

/** Ties the types of a method's parameters to its code; the table itself forgets them. */
export function method<P extends Params>(definition: Definition<P>): Method {
  return { admin: false, socketOnly: false, ...definition } as unknown as Method;
}
