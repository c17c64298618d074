/**
 * Owns one JSON-RPC call to one certain node. The testnet's commands need it, since they ask and steer each node by
 * itself; all else goes through the wallet's client, which goes on with another node when one fails.
 */
import { request } from 'node:http';
import { RpcError } from '../wallet/rpc-errors.ts';
import { CliError, ruleHint } from './faults.ts';
import { dialable } from './wildcard.ts';

/** Answers of a node are at most 5 MiB. */
const ANSWER_BYTES_MAX = 6 * 1024 * 1024;
const TIMEOUT_MS = 5_000;

export interface CallOptions {
  /** Bearer cookie, for what changes the node. */
  readonly cookie?: string;
  readonly timeoutMs?: number;
}

/** What the node answers. Throws `CliError`: 'NO_NODE' if it doesn't, or the fault that it names. */
export async function callNode<T>(
  url: string,
  method: string,
  params: object = {},
  { cookie, timeoutMs = TIMEOUT_MS }: CallOptions = {},
): Promise<T> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const text = await post(url, body, cookie, timeoutMs);
  let answer: { result?: T; error?: { code?: unknown; message?: unknown; data?: unknown } } | null;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new CliError('BAD_ANSWER', `${url} answered with something else than JSON`);
  }
  if (typeof answer !== 'object' || answer === null)
    throw new CliError('BAD_ANSWER', `${url} answered with something else than JSON-RPC`);
  if (answer.error != null) {
    const { code, message, data } = answer.error;
    const error = new RpcError(url, Number(code), String(message), data);
    const name = error.ledgerCode ?? `RPC_${error.code}`;
    throw new CliError(name, error.message, error.hint ?? ruleHint(name));
  }
  if (!Object.hasOwn(answer, 'result')) throw new CliError('BAD_ANSWER', `${url} gave no result`);
  return answer.result as T;
}

function post(url: string, body: string, cookie: string | undefined, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(new CliError('NO_NODE', `${url} does not answer: ${error.message}`));
    const headers: Record<string, string | number> = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    if (cookie !== undefined) headers.authorization = `Bearer ${cookie}`;
    const signal = AbortSignal.timeout(timeoutMs);
    const call = request(dialable(url), { method: 'POST', headers, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > ANSWER_BYTES_MAX) response.destroy(new Error('the answer is too large'));
        chunks.push(chunk);
      });
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      response.on('error', fail);
    });
    call.on('error', fail);
    call.end(body);
  });
}
