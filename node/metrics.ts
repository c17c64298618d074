/** Owns every metric of a node: one table of names and meanings, and the registry `/metrics` is written from. */
import { Counter, Gauge, Registry } from 'prom-client';

/** Read from the node when somebody asks. */
const GAUGES = {
  pier_height: 'height of the tip',
  pier_header_height: 'height of the best header',
  pier_tip_age_seconds: 'time since the block time of the tip',
  pier_work: 'expected hashes of the chain up to the tip',
  pier_syncing: '1 while blocks of a better chain are missing',
  pier_peers: 'links with a completed handshake',
  pier_peer_held_bytes: 'bytes held for peers',
  pier_mempool_transactions: 'transactions that wait to be mined',
  pier_mempool_bytes: 'their bytes',
  pier_fee_floor: 'planks a byte below which the mempool takes nothing',
  pier_scrub_height: 'last block whose rows were looked through in this round',
  pier_scrub_rounds: 'how often the rows of all blocks were looked through',
  pier_mended: 'index entries that were found damaged and made again from the blocks',
  pier_hashrate: 'hashes a second of the miner',
  process_resident_memory_bytes: 'resident memory of the process',
  process_cpu_seconds: 'processor time used by the process',
} as const;

const COUNTERS = {
  pier_blocks_connected_total: ['blocks connected to the chain', []],
  pier_blocks_disconnected_total: ['blocks disconnected by reorganisations', []],
  pier_reorganisations_total: ['changes to another branch', []],
  pier_transactions_mined_total: ['transactions in connected blocks', []],
  pier_transactions_accepted_total: ['transactions taken into the mempool', []],
  pier_transactions_dropped_total: ['transactions that left the mempool unmined, by reason', ['code']],
  pier_blocks_invalid_total: ['blocks that broke a rule, by code', ['code']],
  pier_network_events_total: ['events of the protocol, by name', ['name']],
  pier_rpc_calls_total: ['calls of the RPC, by method and outcome', ['method', 'outcome']],
} as const satisfies Record<string, readonly [string, readonly string[]]>;

export type GaugeName = keyof typeof GAUGES;
export type CounterName = keyof typeof COUNTERS;

export class Metrics {
  readonly #registry = new Registry();
  readonly #gauges = new Map<string, Gauge>();
  readonly #counters = new Map<string, Counter>();
  readonly #read: () => Record<GaugeName, number>;

  /** `read` gives the gauges' values when they are wanted. Labels come from the program's own tables, never from peers. */
  constructor(read: () => Record<GaugeName, number>) {
    this.#read = read;
    const registers = [this.#registry];
    for (const [name, help] of Object.entries(GAUGES)) {
      this.#gauges.set(name, new Gauge({ name, help, registers }));
    }
    for (const [name, [help, labels]] of Object.entries(COUNTERS)) {
      this.#counters.set(name, new Counter({ name, help, labelNames: [...labels], registers }));
    }
  }

  count(name: CounterName, labels: Record<string, string> = {}, by = 1): void {
    this.#counters.get(name)!.inc(labels, by);
  }

  /** Prometheus text, version 0.0.4. */
  format(): Promise<string> {
    for (const [name, value] of Object.entries(this.#read())) this.#gauges.get(name)!.set(value);
    return this.#registry.metrics();
  }
}
