/** Owns branches of headers that keep every rule, with real work and no bodies behind them. It holds no state. */
import {
  childDifficulty,
  contextOf,
  type HeaderContext,
  historyRootAfter,
} from '../../chain/consensus/header-rules.ts';
import { HEADER_VERSION, type Header, headerId } from '../../chain/format/header.ts';
import type { Params } from '../../chain/format/params.ts';
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
    const header = work({
      version: HEADER_VERSION,
      height: parent.header.height + 1,
      previous: parent.id,
      historyRoot: historyRootAfter(parent),
      txRoot: new Uint8Array(32).fill(salt),
      stateRoot: new Uint8Array(32).fill(salt),
      time,
      ...childDifficulty(params, parent, time),
      miner: new Uint8Array(20).fill(salt),
      nonce: 0,
    });
    headers.push(header);
    parent = contextOf(parent, header, headerId(header));
  }
  return headers;
}
