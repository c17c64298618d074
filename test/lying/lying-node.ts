/** Owns a node that lies: a real node's answers, changed on their way out as a test says; in memory or on a port. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Dispatcher } from '../../node/rpc/dispatcher.ts';
import type { NodeView } from '../../node/rpc/view.ts';
import type { Fetch } from '../../wallet/http.ts';

// biome-ignore lint/suspicious/noExplicitAny: a lie may be of any form
export type Json = any;
/** What goes out instead of a result; the same object may be changed. `undefined` leaves it as it is. */
export type Lie = (method: string, result: Json, params: Json) => Json | undefined;

/** Goes out as a refusal in place of a result. */
export class Refused {
  readonly error: object;
  constructor(code: number, message: string, data?: object) {
    this.error = { code, message, ...(data === undefined ? {} : { data }) };
  }
}

const logger = { debug() {}, info() {}, warn() {}, error() {} };

export class LyingNode {
  lie: Lie;
  /** Bytes of all answers. */
  sent = 0;
  readonly #dispatcher = new Dispatcher({ logger, onCall() {} });
  readonly #view: NodeView;
  #server: Server | undefined;

  constructor(view: NodeView, lie: Lie = () => undefined) {
    this.#view = view;
    this.lie = lie;
  }

  async answer(body: string): Promise<string> {
    const context = { view: this.#view, admin: false, subscriber: null };
    // No call waits for its turn: in a world only virtual time goes on.
    const text = (await this.#dispatcher.handle(body, context, async () => {}))!;
    const asked: Json = JSON.parse(body);
    const answered: Json = JSON.parse(text);
    const calls = Array.isArray(asked) ? asked : [asked];
    const answers = Array.isArray(answered) ? answered : [answered];
    for (const answer of answers) {
      const call = calls.find(({ id }) => id === answer.id);
      const instead = this.lie(call.method, answer.result, call.params);
      if (instead === undefined) continue;
      delete answer.error;
      delete answer.result;
      if (instead instanceof Refused) answer.error = instead.error;
      else answer.result = instead;
    }
    const out = JSON.stringify(answered);
    this.sent += out.length;
    return out;
  }

  /** Serves on a free port of loopback; its URL. */
  async listen(): Promise<string> {
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.setHeader('content-type', 'application/json');
      response.end(await this.answer(body));
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise<void>((resolve) =>
      this.#server === undefined ? resolve() : this.#server.close(() => resolve()),
    );
  }
}

/** The client's port to nodes in memory, by URL. A URL without a node is one where nothing listens. */
export function fetchFrom(nodes: Readonly<Record<string, LyingNode>>): Fetch {
  return async (url, { body }) => {
    const node = nodes[url];
    if (node === undefined) throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
    let bytes: Uint8Array | undefined = new TextEncoder().encode(await node.answer(body));
    const read = async () => {
      const value = bytes;
      bytes = undefined;
      return value === undefined ? { done: true } : { done: false, value };
    };
    return { status: 200, body: { getReader: () => ({ read, cancel: async () => {} }) } };
  };
}
