/** Owns one node as a source of headers: its answers, read and bounded, nothing of them verified. */
import { decodeSample, type HeaderSample } from '../../chain/consensus/header-sample.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { decodeHeader, HEADER_BYTES, type Header } from '../../chain/format/header.ts';
import { hex, id, list, object, type Reader, whole } from '../answers.ts';
import type { RpcClient } from '../client.ts';
import { expose, NodeLie } from './faults.ts';

/** Most headers and samples of one answer, as docs/RPC.md says. */
export const HEADERS_PER_CALL = 500;
export const SAMPLES_PER_CALL = 64;

const tip = object({ height: whole, id });
const headersAnswer = object({ headers: hex, tip });
const peaksAnswer = object({ peaks: hex });
const samplesAnswer = object({ samples: list(hex) });

export interface HeaderRow {
  readonly headers: readonly Header[];
  /** Height of the node's tip. */
  readonly height: number;
}

export class HeaderSource {
  readonly node: string;
  readonly #rpc: RpcClient;

  constructor(rpc: RpcClient, node: string) {
    this.#rpc = rpc;
    this.node = node;
  }

  /** Headers of its best chain from a height on; fewer, or none, if it ends before. */
  async headers(height: number, count: number): Promise<HeaderRow> {
    const { headers, tip } = await this.#ask('headers', { height, count }, headersAnswer);
    return { headers: readHeaders(fromHex(headers), height, count), height: tip.height };
  }

  /** The peaks of the history below a block, encoded. */
  async peaks(block: Uint8Array): Promise<Uint8Array> {
    return fromHex((await this.#ask('historyPeaks', { id: toHex(block) }, peaksAnswer)).peaks);
  }

  /** Headers below a block: those at the heights, or those that stand over the works. In order, one each. */
  async samples(
    block: Uint8Array,
    at: { readonly heights: readonly number[] } | { readonly works: readonly bigint[] },
  ): Promise<HeaderSample[]> {
    const places: readonly unknown[] = 'heights' in at ? at.heights : at.works.map(String);
    const name = 'heights' in at ? 'heights' : 'works';
    const found: HeaderSample[] = [];
    for (let from = 0; from < places.length; from += SAMPLES_PER_CALL) {
      const asked = places.slice(from, from + SAMPLES_PER_CALL);
      const params = { id: toHex(block), [name]: asked };
      const { samples } = await this.#ask('headerSamples', params, samplesAnswer);
      if (samples.length !== asked.length)
        throw new NodeLie('it sends another number of headers than asked for');
      found.push(
        ...expose('a header it sends', () => samples.map((sample) => decodeSample(fromHex(sample)))),
      );
    }
    return found;
  }

  async #ask<T>(method: string, params: object, read: Reader<T>): Promise<T> {
    return read(await this.#rpc.callOn(this.node, method, params), method);
  }
}

function readHeaders(bytes: Uint8Array, height: number, count: number): Header[] {
  if (bytes.length % HEADER_BYTES !== 0 || bytes.length > count * HEADER_BYTES) {
    throw new NodeLie('it sends another number of headers than asked for');
  }
  const headers: Header[] = [];
  for (let at = 0; at < bytes.length; at += HEADER_BYTES) {
    const header = expose('a header it sends', () => decodeHeader(bytes.subarray(at, at + HEADER_BYTES)));
    if (header.height !== height + headers.length) throw new NodeLie('it sends other headers than asked for');
    headers.push(header);
  }
  return headers;
}
