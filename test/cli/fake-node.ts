/** Owns a stand-in for a node's RPC: it answers what a test says, so that lies and refusals can be told on purpose. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (params: Record<string, unknown>) => unknown;

export const ID = (digit: string) => digit.repeat(64);
export const TIP = { height: 7, id: ID('a') };

/** Thrown by an answer to refuse as a node does. */
export class Refusal extends Error {
  readonly data: object;
  constructor(code: string, message: string) {
    super(message);
    this.data = { code, hint: '' };
  }
}

export class FakeNode {
  readonly answers: Record<string, Answer>;
  /** Methods in the order they were called. */
  readonly called: string[] = [];
  readonly #server: Server;

  private constructor(answers: Record<string, Answer>) {
    this.answers = answers;
    this.#server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const { id, method, params } = JSON.parse(body);
        this.called.push(method);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ jsonrpc: '2.0', id, ...this.#answer(method, params) }));
      });
    });
  }

  static async start(answers: Record<string, Answer>): Promise<FakeNode> {
    const node = new FakeNode(answers);
    await new Promise<void>((resolve) => node.#server.listen(0, '127.0.0.1', resolve));
    return node;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #answer(method: string, params: Record<string, unknown>): object {
    const answer = this.answers[method];
    if (answer === undefined) return { error: { code: -32601, message: 'no such method' } };
    try {
      return { result: answer(params) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { error: { code: -32000, message: error.message, data: error.data } };
    }
  }
}
