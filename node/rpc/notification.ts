/** Owns how events look to subscribers: a JSON-RPC notification named `event`. */
import { formatAddress } from '../../chain/format/address.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { hintOf, withHint } from './faults.ts';
import { reorganisationJson, transactionJson } from './summaries.ts';
import type { NodeEvent } from './view.ts';

export function notificationOf(event: NodeEvent): string {
  const params = { topic: event.topic, ...paramsOf(event) };
  return JSON.stringify({ jsonrpc: '2.0', method: 'event', params });
}

function paramsOf(event: NodeEvent): object {
  switch (event.topic) {
    case 'tip': {
      const { node, transactions } = event;
      return {
        height: node.height,
        id: node.key,
        time: node.header.time,
        miner: formatAddress(node.header.miner),
        transactions,
        stateRoot: toHex(node.header.stateRoot),
      };
    }
    case 'reorg':
      return reorganisationJson(event.reorganisation);
    case 'transaction': {
      const base = {
        id: event.transaction.key,
        status: event.status,
        summary: transactionJson(event.transaction),
      };
      if (event.status === 'mined') {
        return { ...base, block: { height: event.block.height, id: event.block.key, index: event.index } };
      }
      if (event.status === 'pending') return base;
      const { code, message } = event.reason;
      return { ...base, reason: { ...withHint(code, hintOf(code)), message } };
    }
    case 'record':
      return {
        record: toHex(event.record),
        transaction: transactionJson(event.transaction),
        block: { height: event.block.height, id: event.block.key },
      };
  }
}
