/**
 * Owns how answers leave: whole with their length, or in parts, each once the client has read the one before. Bounds: of
 * a body that isn't wanted so much is read for nothing as `DISCARDED_BYTES_MAX`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client } from './client.ts';
import { errorText } from './dispatcher.ts';
import { errorBodyOf } from './faults.ts';
import type { Reply } from './http.ts';

/** Answers of up to so many characters go whole. */
const WHOLE_LENGTH = 64 * 1024;
/** A client that still sends wouldn't see the answer. */
const DISCARDED_BYTES_MAX = 16 * 1024 * 1024;

export const JSON_TYPE = 'application/json';
export const TEXT_TYPE = 'text/plain; charset=utf-8';

export class Responder {
  readonly #client: Client;
  readonly #response: ServerResponse;
  /** Called when an answer begins to go out. */
  readonly #onAnswer: () => void;

  constructor(client: Client, response: ServerResponse, onAnswer: () => void) {
    this.#client = client;
    this.#response = response;
    this.#onAnswer = onAnswer;
  }

  async send(status: number, type: string, text: string): Promise<void> {
    const length = { 'content-length': Buffer.byteLength(text) };
    this.#response.writeHead(status, { ...headersOf(type), ...length });
    this.#onAnswer();
    if (this.#response.req.method !== 'HEAD') await this.#client.write(this.#response, text);
    this.#response.end();
  }

  /** Sends the parts as they come, or 204 if none does. */
  async sendParts(parts: AsyncIterable<string>): Promise<void> {
    let text = '';
    for await (const part of parts) {
      if (this.#client.gone) return;
      text += part;
      if (text.length <= WHOLE_LENGTH) continue;
      if (!this.#response.headersSent) this.#response.writeHead(200, headersOf(JSON_TYPE));
      this.#onAnswer();
      await this.#client.write(this.#response, text);
      text = '';
    }
    if (this.#response.headersSent) this.#response.end(text);
    else if (text === '') this.#response.writeHead(204, headersOf(null)).end();
    else await this.send(200, JSON_TYPE, text);
  }

  /** Says why the request isn't served. */
  async refuse(request: IncomingMessage, { status, headers, error }: Reply): Promise<void> {
    for (const [name, value] of Object.entries(headers)) this.#response.setHeader(name, value);
    let left = DISCARDED_BYTES_MAX;
    request.on('data', ({ length }: Buffer) => {
      left -= length;
      if (left < 0) this.#client.socket.destroy();
    });
    if (status === 204) this.#response.writeHead(204, headersOf(null)).end();
    else if (typeof error === 'string') await this.send(status, TEXT_TYPE, error);
    else await this.send(status, JSON_TYPE, errorText(null, errorBodyOf(error)));
  }
}

function headersOf(type: string | null): Record<string, string> {
  const headers = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' };
  return type === null ? headers : { ...headers, 'content-type': type };
}
