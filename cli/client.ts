/** Owns the way from a command to the nodes: the client over this machine's HTTP, with every node that was found. */
import { RpcClient } from '../wallet/client.ts';
import type { Timer } from '../wallet/http.ts';
import { LedgerClient } from '../wallet/ledger-client.ts';
import type { Context } from './context.ts';
import { needNodes } from './discovery.ts';
import { httpFetch } from './http-fetch.ts';

export const timer: Timer = {
  after(ms, callback) {
    const handle = setTimeout(callback, ms);
    return () => clearTimeout(handle);
  },
};

/** A client of the nodes that `--node` names, or else of those that run here. 'NO_NODE' if none is known. */
export function openClient(context: Context): LedgerClient {
  const nodes = needNodes(context.found(), context.places);
  return new LedgerClient(new RpcClient({ nodes, fetch: httpFetch, timer }));
}
