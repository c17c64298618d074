/** Owns what is told of a running node beside its RPC: the lines of its log and its counters. */

import { type GaugeName, Metrics } from './metrics.ts';
import type { Logger } from './ports.ts';
import type { NodeEvent } from './reactor/events.ts';
import type { Reactor } from './reactor/reactor.ts';
import type { ReactorView } from './reactor-view.ts';

export class Observer {
  readonly metrics: Metrics;
  readonly #reactor: Reactor;
  readonly #view: ReactorView;
  readonly #log: Logger;

  constructor(reactor: Reactor, view: ReactorView, log: Logger) {
    this.#reactor = reactor;
    this.#view = view;
    this.#log = log;
    this.metrics = new Metrics(() => this.#readGauges());
    reactor.listen((event) => this.#observe(event));
  }

  countCall(method: string, ok: boolean): void {
    this.metrics.count('pier_rpc_calls_total', { method, outcome: ok ? 'ok' : 'error' });
  }

  #observe(event: NodeEvent): void {
    switch (event.type) {
      case 'tip':
        this.#observeTip(event);
        break;
      case 'pending':
        this.metrics.count('pier_transactions_accepted_total', {}, event.transactions.length);
        break;
      case 'dropped':
        this.metrics.count('pier_transactions_dropped_total', { code: event.error.code });
        this.#log.debug('dropped', { id: event.transaction.key, code: event.error.code });
        break;
      case 'invalidBlock': {
        const { node, error } = event.rejection;
        this.metrics.count('pier_blocks_invalid_total', { code: error.code });
        this.#log.warn('invalidBlock', { height: node.height, id: node.key, error: error.message });
        break;
      }
      case 'network':
        this.metrics.count('pier_network_events_total', { name: event.name });
        this.#log.info(event.name, { ...event.fields });
    }
  }

  #observeTip({ change }: Extract<NodeEvent, { type: 'tip' }>): void {
    const { from, to, connected, disconnected } = change;
    const transactions = connected.reduce((sum, block) => sum + block.transactions.length, 0);
    this.metrics.count('pier_blocks_connected_total', {}, connected.length);
    this.metrics.count('pier_blocks_disconnected_total', {}, disconnected.length);
    this.metrics.count('pier_transactions_mined_total', {}, transactions);
    if (disconnected.length > 0) {
      this.metrics.count('pier_reorganisations_total');
      this.#log.warn('reorg', {
        from: from.key,
        to: to.key,
        depth: disconnected.length,
        connected: connected.length,
      });
    }
    this.#log.info('tip', { height: to.height, id: to.key, blocks: connected.length, transactions });
  }

  #readGauges(): Record<GaugeName, number> {
    const { tip, bestHeader, syncing, pool, scrub } = this.#view;
    const peers = this.#view.peers();
    const { user, system } = process.cpuUsage();
    return {
      pier_height: tip.height,
      pier_header_height: bestHeader.height,
      pier_tip_age_seconds: Math.max(0, Date.now() - tip.header.time) / 1000,
      pier_work: Number(tip.work),
      pier_syncing: syncing ? 1 : 0,
      pier_peers: peers.length,
      pier_peer_held_bytes: peers.reduce((sum, { heldBytes }) => sum + heldBytes, 0),
      pier_mempool_transactions: pool.size,
      pier_mempool_bytes: pool.bytes,
      pier_fee_floor: this.#view.fees().floorPerByte,
      pier_scrub_height: scrub.height,
      pier_scrub_rounds: scrub.rounds,
      pier_mended: scrub.mended,
      pier_hashrate: this.#reactor.mining.hashrate(),
      process_resident_memory_bytes: process.memoryUsage.rss(),
      process_cpu_seconds: (user + system) / 1_000_000,
    };
  }
}
