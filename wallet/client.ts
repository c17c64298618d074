/**
 * Owns talking to nodes: JSON-RPC 2.0 to one of several, and to the next when one fails. A node fails by not answering
 * in time, by answering something that isn't what was asked, or by an error of its own; a refusal (`RpcError`) is
 * an answer. The node that answered last is asked first next time.
 */
import { WalletError } from './errors.ts';
import { type Fetch, postJson, type Timer } from './http.ts';
import { INTERNAL_ERROR, type NodeFailure, NoNodeError, RpcError } from './rpc-errors.ts';

/** How long a node may take, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 5_000;

export interface ClientOptions {
  /** URLs of nodes, http or https, most wanted first. */
  readonly nodes: readonly string[];
  readonly fetch: Fetch;
  readonly timer: Timer;
  readonly timeoutMs?: number;
}

export interface CallOptions<T> {
  /** Turns the result into what the caller wants; if it throws, the node has failed and the next is asked. */
  readonly check?: (result: unknown) => T;
  readonly signal?: AbortSignal | undefined;
}

export interface Call {
  readonly method: string;
  readonly params: object;
}

export class RpcClient {
  readonly nodes: readonly string[];
  readonly #fetch: Fetch;
  readonly #timer: Timer;
  readonly #timeoutMs: number;
  #current = 0;
  #lastId = 0;

  constructor({ nodes, fetch, timer, timeoutMs = DEFAULT_TIMEOUT_MS }: ClientOptions) {
    if (nodes.length === 0) throw new NoNodeError([]);
    this.nodes = [...new Set(nodes.map(checkUrl))];
    this.#fetch = fetch;
    this.#timer = timer;
    this.#timeoutMs = timeoutMs;
  }

  /** The node that is asked first. */
  get node(): string {
    return this.nodes[this.#current]!;
  }

  /** The result of one call, from the first node that answers. Throws `RpcError`, `NoNodeError`, the signal's reason. */
  call<T = unknown>(method: string, params: object, options: CallOptions<T> = {}): Promise<T> {
    return this.#anywhere((node) => this.#ask(node, method, params, options), options.signal);
  }

  /** The same, of one node only, which needn't be among `nodes`. */
  async callOn<T = unknown>(
    node: string,
    method: string,
    params: object,
    options: CallOptions<T> = {},
  ): Promise<T> {
    const url = checkUrl(node);
    try {
      return await this.#ask(url, method, params, options);
    } catch (error) {
      throw isAnswer(error, options.signal) ? error : new NoNodeError([failureOf(url, error)]);
    }
  }

  /** Several calls in one batch, all to one node: for each its result or the `RpcError`, in order. */
  callMany(calls: readonly Call[], options: { signal?: AbortSignal } = {}): Promise<unknown[]> {
    if (calls.length === 0) return Promise.resolve([]);
    return this.#anywhere((node) => this.#askMany(node, calls, options.signal), options.signal);
  }

  /** The same, of one node only, which needn't be among `nodes`. */
  async callManyOn(
    node: string,
    calls: readonly Call[],
    options: { signal?: AbortSignal } = {},
  ): Promise<unknown[]> {
    if (calls.length === 0) return [];
    const url = checkUrl(node);
    try {
      return await this.#askMany(url, calls, options.signal);
    } catch (error) {
      throw isAnswer(error, options.signal) ? error : new NoNodeError([failureOf(url, error)]);
    }
  }

  /** Each node once, beginning with the last good one. */
  async #anywhere<T>(ask: (node: string) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const failures: NodeFailure[] = [];
    const first = this.#current;
    for (let i = 0; i < this.nodes.length; i++) {
      const index = (first + i) % this.nodes.length;
      const node = this.nodes[index]!;
      try {
        const result = await ask(node);
        this.#current = index;
        return result;
      } catch (error) {
        if (isAnswer(error, signal)) {
          if (error instanceof RpcError) this.#current = index;
          throw error;
        }
        failures.push(failureOf(node, error));
      }
    }
    throw new NoNodeError(failures);
  }

  async #ask<T>(node: string, method: string, params: object, { check, signal }: CallOptions<T>): Promise<T> {
    const id = ++this.#lastId;
    const json = await this.#post(node, { jsonrpc: '2.0', id, method, params }, signal);
    const result = resultOf(node, json, id);
    if (result instanceof RpcError) throw result;
    return check === undefined ? (result as T) : check(result);
  }

  async #askMany(node: string, calls: readonly Call[], signal: AbortSignal | undefined): Promise<unknown[]> {
    const batch = calls.map((call) => ({ jsonrpc: '2.0', id: ++this.#lastId, ...call }));
    const json = await this.#post(node, batch, signal);
    if (!Array.isArray(json)) {
      // A node that refuses the whole batch answers with one error that names none of its calls.
      const refusal = resultOf(node, json, null);
      throw refusal instanceof RpcError ? refusal : new Error('the answer to a batch is not a list');
    }
    const answers = new Map(json.map((answer: unknown) => [(answer as { id?: unknown } | null)?.id, answer]));
    return batch.map(({ id }) => {
      const result = resultOf(node, answers.get(id), id);
      if (result instanceof RpcError && result.code === INTERNAL_ERROR) throw result;
      return result;
    });
  }

  async #post(node: string, message: object, signal: AbortSignal | undefined): Promise<unknown> {
    const exchange = { fetch: this.#fetch, timer: this.#timer, timeoutMs: this.#timeoutMs, signal };
    const { status, json } = await postJson(node, message, exchange);
    // An error of JSON-RPC may come with any status; anything else only with 200.
    if (status !== 200 && !isRefusal(json)) throw new Error(`HTTP ${status}`);
    return json;
  }
}

/** The URL as it is asked; `WalletError('BAD_NODE')` unless it is http or https, without a user in it. */
function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (
    url === null ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username !== '' ||
    url.password !== ''
  ) {
    throw new WalletError(
      'BAD_NODE',
      JSON.stringify(text.slice(0, 200)),
      'write it as http://127.0.0.1:PORT',
    );
  }
  return url.href;
}

function isRefusal(json: unknown): json is { error: { code: number; message: string; data?: unknown } } {
  const error = (json as { error?: { code?: unknown; message?: unknown } } | null)?.error;
  return Number.isInteger(error?.code) && typeof error?.message === 'string';
}

/** The result or the refusal of an answer to call `id`. A null id is legal in an error only: the node couldn't read ours. */
function resultOf(node: string, json: unknown, id: number | null): unknown {
  const answer = json as { jsonrpc?: unknown; id?: unknown; result?: unknown } | null | undefined;
  if (typeof answer !== 'object' || answer === null || answer.jsonrpc !== '2.0')
    throw new Error('the answer is not JSON-RPC');
  if (isRefusal(answer) && (answer.id === id || answer.id === null)) {
    return new RpcError(node, answer.error.code, answer.error.message, answer.error.data);
  }
  if (answer.id !== id) throw new Error('the answer is to another question');
  if (!Object.hasOwn(answer, 'result')) throw new Error('the answer has no result');
  return answer.result;
}

/** True if asking another node is pointless: it was refused, or the caller wants no answer any more. */
function isAnswer(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted) return true;
  return error instanceof RpcError && error.code !== INTERNAL_ERROR;
}

function failureOf(node: string, error: unknown): NodeFailure {
  return { node, reason: error instanceof Error ? error.message : String(error) };
}
