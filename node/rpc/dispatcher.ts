/**
 * Owns the way of a JSON-RPC message: text in, text out. Bounds: a message by whoever reads it (`BODY_BYTES_MAX`), its
 * nesting, the calls of a batch (one after the other), and the answer to all of them together.
 */
import { CorruptStoreError } from '../../chain/errors.ts';
import type { Logger } from '../ports.ts';
import { type ErrorBody, errorBodyOf, overLimit, RPC_CODE, RpcFault } from './faults.ts';
import type { Context } from './method.ts';
import { isDeeperThan } from './nesting.ts';
import { METHODS } from './openrpc.ts';
import { readParams } from './shapes.ts';

/** A thousand of the usual transactions in hex take a third of it. */
export const BODY_BYTES_MAX = 1024 * 1024;
const DEPTH_MAX = 32;
const BATCH_MAX = 100;
const ANSWER_BYTES_MAX = 5 * 1024 * 1024;
const ID_LENGTH_MAX = 128;

const METHOD_BY_NAME = new Map(METHODS.map((entry) => [entry.name, entry]));

type Id = string | number | null;

interface Request {
  readonly id: Id;
  /** A call without an id gets no answer. */
  readonly notification: boolean;
  readonly method: string;
  readonly params: unknown;
}

export interface DispatcherDeps {
  readonly logger: Logger;
  /** Told of each call, for the metrics. `method` is a name of the table or 'unknown'. */
  onCall(method: string, ok: boolean): void;
}

export class Dispatcher {
  readonly #deps: DispatcherDeps;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
  }

  /** The answer, or null if none is due: only notifications. Never rejects. */
  async handle(text: string, context: Context): Promise<string | null> {
    let json: unknown;
    try {
      if (isDeeperThan(text, DEPTH_MAX)) throw overLimit(`nested deeper than ${DEPTH_MAX}`);
      json = parse(text);
      if (Array.isArray(json)) checkBatch(json);
    } catch (error) {
      return errorText(null, errorBodyOf(error));
    }
    if (!Array.isArray(json)) return this.#answer(json, context, ANSWER_BYTES_MAX);
    const answers: string[] = [];
    let room = ANSWER_BYTES_MAX;
    for (const item of json) {
      // Calls that wait for nothing would hold up the whole node together.
      await turn();
      const answer = await this.#answer(item, context, room);
      if (answer === null) continue;
      answers.push(answer);
      room -= answer.length;
    }
    return answers.length === 0 ? null : `[${answers.join()}]`;
  }

  async #answer(json: unknown, context: Context, room: number): Promise<string | null> {
    let request: Request;
    try {
      request = readRequest(json);
    } catch (error) {
      return errorText(idOf(json), errorBodyOf(error));
    }
    const { id, notification, method } = request;
    let answer: string;
    try {
      const result = JSON.stringify(await this.#call(request, context));
      if (result.length > room)
        throw overLimit('the answer is too large', 'Ask for less, or in fewer calls at once.');
      answer = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
      this.#deps.onCall(method, true);
    } catch (error) {
      const body = errorBodyOf(error);
      if (body.code === RPC_CODE.internal || body.code === RPC_CODE.damaged) this.#logFailure(method, error);
      answer = errorText(id, body);
      this.#deps.onCall(METHOD_BY_NAME.has(method) ? method : 'unknown', false);
    }
    return notification ? null : answer;
  }

  async #call({ method, params }: Request, context: Context): Promise<unknown> {
    const entry = METHOD_BY_NAME.get(method);
    if (entry === undefined) {
      const hint = 'rpc.discover lists all methods.';
      throw new RpcFault(RPC_CODE.methodNotFound, 'NO_METHOD', 'there is no such method', hint);
    }
    if (entry.admin && !context.admin) {
      const hint =
        "Send 'Authorization: Bearer ' and the content of the file cookie in the node's data folder.";
      throw new RpcFault(RPC_CODE.unauthorised, 'UNAUTHORISED', `${method} changes the node`, hint);
    }
    if (entry.socketOnly && context.subscriber === null) {
      const hint = 'Open a WebSocket at /ws.';
      throw new RpcFault(RPC_CODE.methodNotFound, 'NO_METHOD', `${method} needs a WebSocket`, hint);
    }
    return await entry.call(context, readParams(entry.params, params));
  }

  #logFailure(method: string, error: unknown): void {
    const { name, message, stack = '' } = error as Error;
    const level = error instanceof CorruptStoreError ? 'error' : 'warn';
    this.#deps.logger[level]('rpcFailed', { method, error: `${name}: ${message}`, stack });
  }
}

/** Lets all else that is due go first. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RpcFault(RPC_CODE.parse, 'BAD_JSON', 'not JSON');
  }
}

function checkBatch(batch: readonly unknown[]): void {
  if (batch.length === 0) throw badRequest('an empty batch');
  if (batch.length > BATCH_MAX) throw overLimit(`more than ${BATCH_MAX} calls in a batch`);
}

function readRequest(json: unknown): Request {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw badRequest('a call is an object');
  const { jsonrpc, id, method, params, ...others } = json as Record<string, unknown>;
  if (jsonrpc !== '2.0') throw badRequest('jsonrpc must be "2.0"');
  if (typeof method !== 'string') throw badRequest('method must be a string');
  if (id !== undefined && !isId(id)) {
    throw badRequest(`id must be a number, null, or a string of at most ${ID_LENGTH_MAX} characters`);
  }
  if (Object.keys(others).length > 0)
    throw badRequest('a call has jsonrpc, id, method and params, nothing else');
  return { id: id ?? null, notification: id === undefined, method, params };
}

function isId(id: unknown): id is Id {
  return id === null || typeof id === 'number' || (typeof id === 'string' && id.length <= ID_LENGTH_MAX);
}

/** The id of a call that is wrong otherwise, so that its sender can tell which. */
function idOf(json: unknown): Id {
  const id = typeof json === 'object' && json !== null ? Reflect.get(json, 'id') : null;
  return isId(id) ? id : null;
}

function badRequest(message: string): RpcFault {
  return new RpcFault(RPC_CODE.invalidRequest, 'BAD_REQUEST', message);
}

export function errorText(id: Id, error: ErrorBody): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}
