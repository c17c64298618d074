/**
 * Owns a trial of an eclipse: the very protocol machine of one victim, honest nodes and an attacker's that are no more
 * than their answers, hours of virtual time and a restart in it. No blocks and no signatures: what is tried is whom the
 * victim hears of, keeps and dials. Grows with the links the victim has, which its own bounds limit.
 */
import { HeaderTree } from '../../chain/consensus/header-tree.ts';
import { fromText } from '../../chain/format/bytes.ts';
import { DOMAIN, hash } from '../../chain/format/hash.ts';
import { makeGenesis } from '../../chain/ledger/genesis.ts';
import type { Effect, Input } from '../../p2p/door.ts';
import { Machine } from '../../p2p/machine.ts';
import { decodeMessage, encodeMessage, type MessageBody, type MessageName } from '../../p2p/messages.ts';
import { worldParams } from '../ledger-params.ts';
import { Random } from '../random.ts';
import { Schedule } from '../schedule.ts';

export interface EclipseOptions {
  readonly seed: number;
  readonly honest: number;
  /** Addresses of the attacker, all of which answer, and the network groups (IPv4 /16) they are spread over. */
  readonly attackers: number;
  readonly groups: number;
  /** In peace, under attack until the restart, and looked at after it. */
  readonly calmHours: number;
  readonly attackHours: number;
  readonly hoursAfter: number;
}

export interface EclipseResult {
  /** Outbound links to honest nodes, `SETTLE_MS` after the restart. */
  readonly honestAfter: number;
  /** From the restart to the first honest outbound link; `null` if there was none in all that time. */
  readonly linkedAfterMs: number | null;
  /** Addresses of the attacker in the book that is read at the restart. */
  readonly attackersKnown: number;
}

interface Line {
  readonly url: string;
  readonly key: Uint8Array;
  readonly inbound: boolean;
  /** When it ends by itself. */
  readonly endsAtMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How long the victim has after its restart. */
const SETTLE_MS = 5 * MINUTE_MS;
/** Honest links end now and then: nodes stop and networks fail. Those of the attacker never do. */
const HONEST_LINK_MS = 12 * HOUR_MS;
/** How often all others do what they do. */
const STEP_MS = 5 * MINUTE_MS;
/** The attacker's links to the victim at a time; each tells addresses, and gives way to a fresh one. */
const ATTACK_LINKS = 16;
const URLS = 64;
/** A block in this time: what the honest chain's work grows with. */
const BLOCK_MS = MINUTE_MS;
const LATENCY_MS = 50;

/** One trial: what became of the victim. */
export async function tryEclipse(options: EclipseOptions): Promise<EclipseResult> {
  const params = worldParams(new Random(options.seed).fork('salt'), BLOCK_MS, []);
  const { header } = await makeGenesis(params);
  return new Trial(options, new HeaderTree(params, header)).run();
}

class Trial {
  readonly #options: EclipseOptions;
  readonly #random: Random;
  readonly #honest: readonly string[];
  readonly #attackers: readonly string[];
  readonly #isHonest: ReadonlySet<string>;
  readonly #headers: HeaderTree;
  /** What is on its way. */
  #coming = new Schedule();
  #lines = new Map<number, Line>();
  #machine!: Machine;
  #saved: Uint8Array | null = null;
  #bootedMs = 0;
  #work = 0;
  #attacking = false;
  #lastLink = 0;

  constructor(options: EclipseOptions, headers: HeaderTree) {
    this.#headers = headers;
    this.#options = options;
    this.#random = new Random(options.seed).fork('eclipse');
    this.#honest = Array.from(
      { length: options.honest },
      (_, i) => `ws://${20 + (i >> 8)}.${i & 255}.0.1:9000`,
    );
    this.#attackers = Array.from({ length: options.attackers }, (_, i) => {
      const group = i % options.groups;
      const host = 1 + Math.floor(i / options.groups);
      return `ws://${120 + (group >> 8)}.${group & 255}.${host >> 8}.${host & 255}:9000`;
    });
    this.#isHonest = new Set(this.#honest);
  }

  run(): EclipseResult {
    this.#boot('first');
    this.#take({ type: 'connect', address: this.#honest[0]! });
    this.#live(this.#options.calmHours * HOUR_MS);
    this.#attacking = true;
    this.#live(this.#options.attackHours * HOUR_MS);
    this.#lines.clear();
    const bootedMs = this.#nowMs;
    this.#coming = new Schedule();
    this.#coming.skipTo(bootedMs);
    this.#boot('second');
    const known = this.#machine.addresses().map(({ url }) => url);
    let linkedAfterMs: number | null = null;
    const look = (): void => {
      if (linkedAfterMs === null && this.#outbound.some((url) => this.#isHonest.has(url)))
        linkedAfterMs = this.#nowMs - bootedMs;
    };
    this.#live(SETTLE_MS, look);
    const settled = this.#outbound;
    if (linkedAfterMs === null)
      this.#live(this.#options.hoursAfter * HOUR_MS, look, () => linkedAfterMs !== null);
    return {
      honestAfter: settled.filter((url) => this.#isHonest.has(url)).length,
      linkedAfterMs,
      attackersKnown: known.filter((url) => !this.#isHonest.has(url)).length,
    };
  }

  get #nowMs(): number {
    return this.#coming.now;
  }

  get #outbound(): string[] {
    return this.#machine
      .peers()
      .filter(({ inbound }) => !inbound)
      .map(({ address }) => address);
  }

  #boot(name: string): void {
    const draws = this.#random.fork(name);
    const { genesis } = this.#headers;
    const tip = () => ({ ...genesis, work: genesis.work + BigInt(this.#work) });
    this.#machine = new Machine({
      headers: this.#headers,
      chain: {
        get tip() {
          return tip();
        },
        isActive: (node) => node.height === 0,
        lost: new Set(),
        heldBytes: 0,
      },
      pool: new Map(),
      // Who it is is not what is tried.
      identity: { publicKey: new Uint8Array(32), sign: () => new Uint8Array(64), verify: () => true },
      random: () => draws.next(),
      config: { listen: 'ws://10.0.0.1:9000', agent: 'victim', peers: [] },
    });
    this.#bootedMs = this.#nowMs;
    this.#take({ type: 'start', savedAddresses: this.#saved });
  }

  /** Lets time go on: the victim's own deadlines, what is on its way to it, and now and then all others' deeds. */
  #live(ms: number, look: () => void = () => {}, enough: () => boolean = () => false): void {
    const endMs = this.#nowMs + ms;
    for (let stepMs = this.#nowMs; stepMs < endMs && !enough(); stepMs += STEP_MS) {
      this.#act();
      this.#run(Math.min(endMs, stepMs + STEP_MS), look);
    }
  }

  #run(endMs: number, look: () => void): void {
    for (;;) {
      const next = this.#coming.nextAt ?? Number.POSITIVE_INFINITY;
      const deadline = this.#machine.deadline();
      const due = Math.min(next, deadline === null ? next : deadline + this.#bootedMs);
      if (due > endMs) break;
      if (next <= Math.max(this.#nowMs, due)) this.#coming.step();
      else {
        this.#coming.skipTo(due);
        this.#take({ type: 'wake' });
      }
      look();
    }
    this.#coming.skipTo(endMs);
  }

  /** Now and then: blocks, links that end, and the attacker's gossip. */
  #act(): void {
    const honest = [...this.#lines.values()].some(({ url }) => this.#isHonest.has(url));
    if (honest) this.#work = Math.floor(this.#nowMs / BLOCK_MS);
    for (const [link, { endsAtMs }] of [...this.#lines]) if (this.#nowMs >= endsAtMs) this.#close(link);
    if (!this.#attacking || this.#attackers.length === 0) return;
    const own = [...this.#lines].filter(([, { url, inbound }]) => inbound && !this.#isHonest.has(url));
    // A fresh link brings a fresh allowance, if there is one.
    for (const [link] of own.slice(0, Math.max(0, own.length - ATTACK_LINKS / 2))) this.#close(link);
    for (let i = own.length; i < ATTACK_LINKS; i++) this.#open(this.#random.pick(this.#attackers), true);
    for (const [link] of own) this.#say(link, 'addresses', { urls: this.#sample(this.#attackers, 4) });
  }

  #open(url: string, inbound: boolean): void {
    const link = ++this.#lastLink;
    const honest = this.#isHonest.has(url);
    const key = hash(DOMAIN.addressBucket, fromText(url));
    const endsAtMs = honest
      ? this.#nowMs + this.#random.exponential(HONEST_LINK_MS)
      : Number.POSITIVE_INFINITY;
    this.#lines.set(link, { url, key, inbound, endsAtMs });
    const address = inbound ? `${url.slice(5, url.lastIndexOf(':'))}:50000` : url;
    this.#take({ type: 'opened', link, inbound, address, loopback: false });
  }

  #close(link: number): void {
    if (this.#lines.delete(link)) this.#take({ type: 'closed', link });
  }

  /** What the other side of a link says to what the victim says. */
  #answer(link: number, bytes: Uint8Array): void {
    const line = this.#lines.get(link);
    const message = decodeMessage(bytes);
    if (line === undefined || message === null) return;
    const honest = this.#isHonest.has(line.url);
    if (message.name === 'hello') {
      const work = BigInt(honest ? Math.floor(this.#nowMs / BLOCK_MS) : 0) + this.#headers.genesis.work;
      const nonce = this.#random.bytes(32);
      const own = { nodeId: line.key, nonce, work, listen: fromText(line.url), agent: new Uint8Array() };
      this.#say(link, 'hello', { ...message.body, ...own });
    } else if (message.name === 'proof') {
      this.#say(link, 'proof', { signature: new Uint8Array(64) });
      if (!honest) this.#say(link, 'addresses', { urls: this.#sample(this.#attackers, URLS) });
    } else if (message.name === 'ping') this.#say(link, 'pong', message.body);
    else if (message.name === 'getHeaders')
      this.#say(link, 'headers', { request: message.body.request, headers: [] });
    else if (message.name === 'getAddresses')
      this.#say(link, 'addresses', { urls: this.#sample(honest ? this.#honest : this.#attackers, URLS) });
  }

  #sample(from: readonly string[], count: number): Uint8Array[] {
    return Array.from({ length: Math.min(count, from.length) }, () => fromText(this.#random.pick(from)));
  }

  #say<K extends MessageName>(link: number, name: K, body: MessageBody<K>): void {
    const bytes = encodeMessage(name, body);
    this.#coming.after(LATENCY_MS, () => {
      if (this.#lines.has(link)) this.#take({ type: 'frame', link, bytes });
    });
  }

  #take(input: Input): void {
    const now = {
      monotonicMs: this.#nowMs - this.#bootedMs,
      wallMs: this.#headers.genesis.header.time + this.#nowMs,
    };
    for (const effect of this.#machine.handle(input, now)) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    if (effect.type === 'dial') this.#coming.after(LATENCY_MS, () => this.#open(effect.address, false));
    else if (effect.type === 'send') {
      this.#coming.after(0, () => this.#take({ type: 'drained', link: effect.link }));
      this.#coming.after(LATENCY_MS, () => this.#answer(effect.link, effect.bytes));
    } else if (effect.type === 'close') this.#coming.after(LATENCY_MS, () => this.#close(effect.link));
    else if (effect.type === 'saveAddresses') this.#saved = effect.bytes;
  }
}
