/**
 * Owns the way of a JSON-RPC message: text in, text out. Bounds: a message by whoever reads it (`BODY_BYTES_MAX`), its
 * nesting, the calls of a batch (one after the other), and the answer to all of them together. An id is as long as the
 * message allows.
 */
import { CorruptStoreError } from '../../chain/errors.ts';
import type { Logger } from '../ports.ts';
import { type ErrorBody, errorBodyOf, overLimit, RPC_CODE, RpcFault } from './faults.ts';
import { readIdTexts } from './id-text.ts';
import type { Context } from './method.ts';
import { isDeeperThan } from './nesting.ts';
import { METHODS } from './openrpc.ts';
import { readParams } from './shapes.ts';

/** A thousand of the usual transactions in hex take a third of it. */
export const BODY_BYTES_MAX = 1024 * 1024;
const DEPTH_MAX = 32;
const BATCH_MAX = 100;
const ANSWER_BYTES_MAX = 5 * 1024 * 1024;

const METHOD_BY_NAME = new Map(METHODS.map((entry) => [entry.name, entry]));

type Id = string | number | null;

interface Request {
  /** As JSON. */
  readonly id: string;
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
  async handle(text: string, context: Context, turn = nextTurn): Promise<string | null> {
    let answer = '';
    for await (const part of this.answer(text, context, turn)) answer += part;
    return answer === '' ? null : answer;
  }

  /** The answer in parts, each made when it is asked for; none if none is due. Waits for its `turn` before each call. */
  async *answer(text: string, context: Context, turn: () => Promise<void>): AsyncGenerator<string, void> {
    let json: unknown;
    try {
      if (isDeeperThan(text, DEPTH_MAX)) throw overLimit(`nested deeper than ${DEPTH_MAX}`);
      json = parse(text);
      if (Array.isArray(json)) checkBatch(json);
    } catch (error) {
      yield errorText(null, errorBodyOf(error));
      return;
    }
    const calls = Array.isArray(json) ? json : [json];
    const ids = idsOf(calls, text);
    let room = ANSWER_BYTES_MAX;
    let answered = 0;
    for (const [i, call] of calls.entries()) {
      // Calls that wait for nothing would hold up the whole node together.
      await turn();
      const answer = await this.#answer(call, ids[i]!, context, room);
      if (answer === null) continue;
      if (calls === json) yield answered++ === 0 ? '[' : ',';
      yield answer;
      room -= answer.length;
    }
    if (answered > 0) yield ']';
  }

  async #answer(json: unknown, idText: string, context: Context, room: number): Promise<string | null> {
    let request: Request;
    try {
      request = readRequest(json, idText);
    } catch (error) {
      return errorText(idText, errorBodyOf(error));
    }
    const { id, notification, method } = request;
    let answer: string;
    try {
      const result = JSON.stringify(await this.#call(request, context));
      if (result.length > room)
        throw overLimit('the answer is too large', 'Ask for less, or in fewer calls at once.');
      answer = `{"jsonrpc":"2.0","id":${id},"result":${result}}`;
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
function nextTurn(): Promise<void> {
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

function readRequest(json: unknown, idText: string): Request {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw badRequest('a call is an object');
  const { jsonrpc, id, method, params, ...others } = json as Record<string, unknown>;
  if (jsonrpc !== '2.0') throw badRequest('jsonrpc must be "2.0"');
  if (typeof method !== 'string') throw badRequest('method must be a string');
  if (id !== undefined && !isId(id)) throw badRequest('id must be a number, a string or null');
  if (Object.keys(others).length > 0)
    throw badRequest('a call has jsonrpc, id, method and params, nothing else');
  return { id: idText, notification: id === undefined, method, params };
}

function isId(id: unknown): id is Id {
  return id === null || typeof id === 'number' || typeof id === 'string';
}

/** The id of each call, as JSON, also of one that is wrong otherwise, so that its sender can tell which; null if none. */
function idsOf(calls: readonly unknown[], text: string): string[] {
  const ids = calls.map((call) => {
    const id: unknown =
      typeof call === 'object' && call !== null && Object.hasOwn(call, 'id') ? Reflect.get(call, 'id') : null;
    return isId(id) ? id : null;
  });
  // Only what a double holds exactly may be written anew: all else goes back as it came.
  const isExact = (id: Id): boolean => typeof id !== 'number' || (Number.isSafeInteger(id) && id !== 0);
  const texts = ids.every(isExact) ? null : readIdTexts(text);
  return ids.map((id, i) => (isExact(id) ? JSON.stringify(id) : texts!.get(i)!));
}

function badRequest(message: string): RpcFault {
  return new RpcFault(RPC_CODE.invalidRequest, 'BAD_REQUEST', message);
}

/** `id` as JSON. */
export function errorText(id: string | null, error: ErrorBody): string {
  return `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}`;
}
