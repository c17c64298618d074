/**
 * Owns what HTTP asks of a request before it is served (RFC 9110, RFC 9112): where it goes, by which method, with which
 * body. It holds no state.
 */
import type { IncomingMessage } from 'node:http';
import { BODY_BYTES_MAX } from './dispatcher.ts';
import { overLimit, RPC_CODE, RpcFault } from './faults.ts';

/** Methods of each path, beside OPTIONS. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  '/': ['POST'],
  '/health': ['GET', 'HEAD'],
  '/metrics': ['GET', 'HEAD'],
  '/ws': ['GET'],
};
const ALL_METHODS = 'GET, HEAD, POST, OPTIONS';

/** An answer without a call: why a request isn't served, or what OPTIONS wants to know. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a POST, in JSON-RPC; of all else, text. */
  readonly error: RpcFault | string;
}

/** What the request is for. The absolute form, as proxies send it, names the host by itself. */
export function targetOf({ url = '/', headers }: IncomingMessage): {
  path: string;
  host: string | undefined;
} {
  const absolute = /^https?:\/\/([^/?#]*)([^?#]*)/i.exec(url);
  if (absolute !== null) return { path: absolute[2] || '/', host: absolute[1]! };
  return { path: url.split(/[?#]/, 1)[0]!, host: headers.host };
}

/** True if there are several fields of that name: which one holds would be anybody's guess. */
export function isRepeated({ rawHeaders }: IncomingMessage, name: string): boolean {
  return rawHeaders.filter((field, i) => i % 2 === 0 && field.toLowerCase() === name).length > 1;
}

/** Why it isn't served, or null. */
export function replyTo(request: IncomingMessage): Reply | null {
  const { path } = targetOf(request);
  const { method = 'GET', url } = request;
  if (method === 'OPTIONS' && url === '*') return reply(204, '', { allow: ALL_METHODS });
  const methods = Object.hasOwn(METHODS, path) ? METHODS[path]! : null;
  if (methods === null) return reply(404, 'nothing is here: POST JSON-RPC 2.0 to /\n');
  const allow = [...methods, 'OPTIONS'].join(', ');
  if (method === 'OPTIONS') return reply(204, '', { allow });
  if (!methods.includes(method)) return reply(405, `${path} takes ${allow}\n`, { allow });
  if (path === '/ws')
    return reply(426, 'open a WebSocket here\n', { upgrade: 'websocket', connection: 'close, upgrade' });
  return method === 'POST' ? refuseBody(request) : null;
}

/** Why a call of these headers isn't read, or null. */
function refuseBody({ headers }: IncomingMessage): Reply | null {
  // What a form of a web page could send without asking first isn't taken.
  const type = /^application\/json[ \t]*(;.*)?$/i.exec(headers['content-type'] ?? '');
  if (type === null) return reply(415, badRequest('the content type must be application/json'));
  const charset = /;[ \t]*charset=[ \t]*"?([^";\s]*)/i.exec(type[1] ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    return reply(415, badRequest('the charset must be utf-8'));
  const coding = headers['content-encoding'];
  if (coding !== undefined && !/^identity$/i.test(coding))
    return reply(415, badRequest('the content must not be encoded'), { 'accept-encoding': 'identity' });
  const length = headers['content-length'];
  if (length === undefined && headers['transfer-encoding'] === undefined)
    return reply(411, badRequest('the length of the body is missing'));
  return Number(length ?? 0) > BODY_BYTES_MAX ? TOO_LARGE : null;
}

export const TOO_LARGE: Reply = {
  status: 413,
  headers: {},
  error: overLimit(`the body is over ${BODY_BYTES_MAX} bytes`, 'Submit in several calls.'),
};

function reply(status: number, error: RpcFault | string, headers: Reply['headers'] = {}): Reply {
  return { status, headers, error };
}

function badRequest(message: string): RpcFault {
  return new RpcFault(RPC_CODE.invalidRequest, 'BAD_REQUEST', message);
}
