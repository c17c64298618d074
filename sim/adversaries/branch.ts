/** Owns branches of headers that keep every rule, with real work and no bodies behind them. It holds no state. */
import { contextOf, type HeaderContext } from '../../chain/consensus/header-rules.ts';
import { type Header, headerId } from '../../chain/format/header.ts';
import type { Params } from '../../chain/format/params.ts';
import { bareHeader } from '../headers.ts';
import { work } from './forge.ts';

/** As many headers on top of another as it says times (ms, later one by one); what they commit to is made up. */
export function growBranch(
  params: Params,
  from: HeaderContext,
  times: readonly number[],
  salt: number,
): Header[] {
  const headers: Header[] = [];
  let parent = from;
  for (const time of times) {
    const miner = new Uint8Array(20).fill(salt);
    const header = work(bareHeader(params, parent, { time, miner, fill: salt }));
    headers.push(header);
    parent = contextOf(parent, header, headerId(header));
  }
  return headers;
}
