/** Owns the way from a command to the nodes: the client over this machine's HTTP, with every node that was found. */
import { RpcClient } from '../wallet/client.ts';
import { LedgerClient } from '../wallet/ledger-client.ts';
import type { Context } from './context.ts';
import { needNodes } from './discovery.ts';

/** A client of the nodes that `--node` names, or else of those that run here. 'NO_NODE' if none is known. */
export function openClient(context: Context): LedgerClient {
  return new LedgerClient(openRpc(context));
}

export function openRpc(context: Context): RpcClient {
  const { fetch, timer } = context.world;
  return new RpcClient({ nodes: needNodes(context.found(), context.places), fetch, timer });
}
