/**
 * Owns what the world notices while it runs: what its nodes report, the laws checked as they go on, and the counts that
 * tests look at. The first broken law is kept.
 */
import type { TransportInput } from '../node/ports.ts';
import type { NodeEvent } from '../node/reactor/events.ts';
import { FAULT_TABLE, type FaultCode } from '../p2p/faults.ts';
import { auditPool, auditState } from './audit.ts';
import { AuditError } from './audit-error.ts';
import { auditBounds } from './bounds.ts';
import { Digest } from './digest.ts';
import type { NodeObserver, SimNode } from './node.ts';
import type { Referee } from './referee/referee.ts';
import { auditUndo } from './retrace.ts';
import type { Schedule } from './schedule.ts';

/**
 * Tips of a node between two checks of its whole state, other changes before one is looked at, and looks between two
 * checks of its mempool. Dear as they are, a law that is broken stays broken for longer than that.
 */
const STATE_EVERY = 40;
const LOOK_EVERY = 16;
const POOL_EVERY = 3;
/** Of the checks of a whole state, how often its last blocks are taken back and connected again. */
const UNDO_EVERY = 4;

/** What a slow link or a partition may lead to; every other fault of a peer is one only a false node commits. */
const HONEST_FAULTS: readonly FaultCode[] = [
  'HANDSHAKE_TIMEOUT',
  'PING_TIMEOUT',
  'SLOW_READER',
  'TIMEOUT',
  'STALLED',
];

/** One event worth a line. */
export interface Told {
  readonly atMs: number;
  readonly name: string;
  readonly details: readonly string[];
}

/** Events that say nothing to a reader. */
const QUIET = ['frame', 'drained', 'pending', 'ping'];

export class Watch implements NodeObserver {
  /** Told of each event as it happens. */
  trace: ((told: Told) => void) | null = null;
  readonly digest = new Digest();
  readonly counts = new Map<string, number>();
  /** `node key` of transactions that a node said it gave up. */
  readonly #dropped = new Set<string>();
  failure: Error | null = null;
  #leaptAt = -1;
  readonly #schedule: Schedule;
  readonly referee: Referee;
  readonly #honest: number;
  /** Keys of the blocks that honest nodes mined. */
  readonly #mined = new Set<string>();
  /** Nodes with something new to check. */
  readonly #changed = new Set<SimNode>();
  #changes = 0;
  #looks = 0;
  #wholes = 0;
  readonly #tips = new Map<SimNode, { work: bigint; count: number }>();

  /** Nodes with an index below `honest` are what they say. */
  constructor(schedule: Schedule, referee: Referee, honest: number) {
    this.#schedule = schedule;
    this.#honest = honest;
    this.referee = referee;
  }

  /** The node has said that it gave this transaction up. */
  hasDropped(node: SimNode, key: string): boolean {
    return this.#dropped.has(`${node.index} ${key}`);
  }

  count(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  note(name: string, ...details: (Uint8Array | string)[]): void {
    this.counts.set(name, this.count(name) + 1);
    this.digest.add(this.#schedule.now, name, ...details);
    if (this.trace === null || QUIET.includes(name)) return;
    const readable = details.filter((detail) => typeof detail === 'string');
    this.trace({ atMs: this.#schedule.now, name, details: readable });
  }

  input(node: SimNode, input: TransportInput): void {
    if (input.type === 'frame') this.note('frame', `${node.index} ${input.link}`, input.bytes);
    else this.note(input.type, `${node.index} ${'link' in input ? input.link : input.address}`);
  }

  closed(node: SimNode, remote: number, code: string, reason: string): void {
    this.note(`close ${code}`, `${node.index}`);
    const fault = FAULT_TABLE[code as FaultCode];
    if (remote < this.#honest && fault[1] === 'peer' && !HONEST_FAULTS.includes(code as FaultCode)) {
      this.fail(`node ${node.index} punished an honest node: ${code} ${reason}`);
    }
  }

  event(node: SimNode, event: NodeEvent): void {
    switch (event.type) {
      case 'tip': {
        const { change } = event;
        this.note(change.disconnected.length > 0 ? 'reorg' : 'tip', `${node.index} ${change.to.key}`);
        const known = this.#tips.get(node);
        if (known !== undefined && change.to.work <= known.work)
          this.fail(`the work of node ${node.index}'s tip fell`);
        this.#tips.set(node, { work: change.to.work, count: (known?.count ?? 0) + 1 });
        break;
      }
      case 'pending':
        for (const { key } of event.transactions) this.note('pending', `${node.index} ${key}`);
        break;
      case 'dropped':
        this.#dropped.add(`${node.index} ${event.transaction.key}`);
        this.note(`dropped ${event.error.code}`, `${node.index} ${event.transaction.key}`);
        break;
      case 'block':
        if (event.link === null) this.#mined.add(event.node.key);
        break;
      case 'invalidBlock':
        this.note(`refused ${event.rejection.error.code}`, `${node.index} ${event.rejection.node.key}`);
        if (this.#mined.has(event.rejection.node.key))
          this.fail(`node ${node.index} refused an honest block: ${event.rejection.error.message}`);
        break;
      case 'network':
        this.note(event.name, `${node.index}`);
        return;
    }
    // Every tip is looked at, and what comes between by chance.
    if (event.type === 'tip' || ++this.#changes % LOOK_EVERY === 0) this.#changed.add(node);
  }

  rebuilt(node: SimNode, reason: string): void {
    this.note('rebuilt', `${node.index}`);
    // It begins again from genesis, and what it had follows.
    this.#tips.delete(node);
    if (!node.disk.harmed) this.fail(`node ${node.index} found damage on a whole disk: ${reason}`);
  }

  fatal(node: SimNode, error: unknown): void {
    this.fail(`node ${node.index} gave up: ${error instanceof Error ? error.stack : String(error)}`);
  }

  fail(what: string): void {
    this.failure ??= new AuditError(what);
  }

  /** All clocks have gone on at once. */
  leapt(): void {
    this.#leaptAt = this.#schedule.now;
  }

  /** Some nodes have changed since they were checked. */
  get hasChanges(): boolean {
    return this.#changed.size > 0;
  }

  /** Checks the nodes that have changed and are at rest. */
  async audit(): Promise<void> {
    for (const node of this.#changed) {
      if (!node.atRest) continue;
      this.#changed.delete(node);
      const whole = (this.#tips.get(node)?.count ?? 0) % STATE_EVERY === 0;
      await this.auditNode(node, whole, whole || ++this.#looks % POOL_EVERY === 0);
    }
  }

  /** Checks what is cheap, the mempool if wanted, and the whole of its state. */
  async auditNode(node: SimNode, whole: boolean, mempool = whole): Promise<void> {
    const { ledger, pool } = node.reactor!;
    try {
      // After a leap of the clock what was due comes late.
      if (this.#leaptAt !== this.#schedule.now) auditBounds(node.reactor!, node.monotonicMs);
      await this.referee.follow(ledger, node.disk);
      if (mempool) await auditPool(ledger, pool, node.disk.content);
      if (whole) await this.referee.compare(ledger, node.disk.content);
      if (whole) await auditState(ledger, node.disk.content);
      if (whole && ++this.#wholes % UNDO_EVERY === 0) await auditUndo(ledger, node.disk);
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      this.fail(`node ${node.index}: ${error.message}`);
    }
  }
}
