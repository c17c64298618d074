/**
 * Owns the client's port to HTTP. It is the system's own `fetch` cut down to what the client uses, since loading the
 * real one takes longer than all else that `pier balance` does.
 */
import { request as requestPlain } from 'node:http';
import type { Fetch, FetchResponse } from '../wallet/http.ts';
import { dialable } from './wildcard.ts';

/** As `fetch` does, but never follows a redirect: its answer is given as it is. */
export const httpFetch: Fetch = async (url, { method, headers, body, signal }) => {
  // Encrypted connections are rare here, and loading them is slow.
  const request = url.startsWith('https:') ? (await import('node:https')).request : requestPlain;
  return new Promise<FetchResponse>((resolve, reject) => {
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    const options = { method, headers: { ...headers, ...length }, signal, agent: false };
    const call = request(dialable(url), options, (response) => {
      const chunks = response[Symbol.asyncIterator]();
      const reader = {
        async read() {
          const { done, value } = await chunks.next();
          return done ? { done: true } : { done: false, value: value as Uint8Array };
        },
        async cancel() {
          response.destroy();
        },
      };
      resolve({ status: response.statusCode ?? 0, body: { getReader: () => reader } });
    });
    // The client looks for the system's code in the cause, where `fetch` has it.
    call.on('error', (error) => reject(new Error('fetch failed', { cause: error })));
    call.end(body);
  });
};
