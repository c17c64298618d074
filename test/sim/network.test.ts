/** The network of a world keeps the promises of the transport port. */
import { describe, expect, test } from 'vitest';
import type { TransportInput } from '../../node/ports.ts';
import { Network } from '../../sim/network.ts';
import { Random } from '../../sim/random.ts';
import { Schedule } from '../../sim/schedule.ts';
import { VirtualTransport } from '../../sim/transport.ts';

const QUIET = { input: () => {}, closed: () => {} };

class Lab {
  readonly schedule = new Schedule();
  readonly network: Network;
  readonly seen: [at: number, input: TransportInput][][] = [];
  readonly transports: VirtualTransport[];

  constructor(bytesPerMs: number | null = null) {
    this.network = new Network(this.schedule, new Random(5), { latencyMs: [20, 20], bytesPerMs });
    this.transports = [0, 1].map((node) => this.boot(node));
  }

  boot(node: number): VirtualTransport {
    const transport = new VirtualTransport(node, `h${node}`, this.network, this.schedule, QUIET);
    const seen: [number, TransportInput][] = [];
    this.seen[node] = seen;
    transport.onInput((input) => seen.push([this.schedule.now, input]));
    return transport;
  }

  /** A link from node 0 to node 1. */
  async link(): Promise<void> {
    await this.transports[1]!.listen('h1', 1);
    this.transports[0]!.dial('ws://h1:1');
    await this.run(100);
    expect(this.types(0)).toEqual(['opened']);
    expect(this.types(1)).toEqual(['opened']);
  }

  async run(ms: number): Promise<void> {
    const end = this.schedule.now + ms;
    while ((this.schedule.nextAt ?? end + 1) <= end) this.schedule.step();
    this.schedule.skipTo(end);
  }

  types(node: number): string[] {
    return this.seen[node]!.map(([, { type }]) => type);
  }

  frames(node: number): number[] {
    return this.seen[node]!.flatMap(([, input]) => (input.type === 'frame' ? [input.bytes[0]!] : []));
  }
}

describe('a link', () => {
  test('keeps the order of frames and shares no bytes', async () => {
    const lab = new Lab();
    await lab.link();
    const bytes = new Uint8Array(1);
    for (let i = 0; i < 50; i++) {
      bytes[0] = i;
      lab.transports[0]!.send(1, bytes);
    }
    await lab.run(100);
    expect(lab.frames(1)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  test('delivers what was sent before it closes, and ends once on both sides', async () => {
    const lab = new Lab();
    await lab.link();
    lab.transports[0]!.send(1, Uint8Array.of(7));
    lab.transports[0]!.close(1, 'REQUESTED', '');
    lab.transports[0]!.send(1, Uint8Array.of(8));
    lab.transports[1]!.close(1, 'REQUESTED', '');
    await lab.run(5_000);
    expect(lab.types(0)).toEqual(['opened', 'closed']);
    expect(lab.types(1).filter((type) => type === 'closed')).toHaveLength(1);
    expect(lab.frames(1)).not.toContain(8);
  });

  test('ends on the other side when a process dies, and says nothing to its successor', async () => {
    const lab = new Lab();
    await lab.link();
    lab.transports[1]!.crash();
    const next = lab.boot(1);
    await next.listen('h1', 1);
    lab.transports[0]!.send(1, Uint8Array.of(1));
    await lab.run(5_000);
    expect(lab.types(0)).toEqual(['opened', 'closed']);
    expect(lab.types(1)).toEqual([]);
  });

  test('keeps frames while it stalls and delivers them once it is free', async () => {
    const lab = new Lab();
    await lab.link();
    lab.network.split([[0], [1]], false);
    lab.transports[0]!.send(1, Uint8Array.of(1));
    lab.transports[0]!.send(1, Uint8Array.of(2));
    await lab.run(60_000);
    expect(lab.frames(1)).toEqual([]);
    lab.network.heal();
    await lab.run(100);
    expect(lab.frames(1)).toEqual([1, 2]);
    expect(lab.types(0)).toEqual(['opened']);
  });

  test('is broken by a cut, on both sides, and nothing of it comes after the heal', async () => {
    const lab = new Lab();
    await lab.link();
    lab.network.split([[0], [1]], true);
    lab.transports[0]!.send(1, Uint8Array.of(1));
    await lab.run(10);
    lab.network.heal();
    await lab.run(5_000);
    expect(lab.types(0)).toEqual(['opened', 'closed']);
    expect(lab.types(1)).toEqual(['opened', 'closed']);
  });

  test.each([
    ['a clog', (lab: Lab) => lab.network.clog(0, 1, true), (lab: Lab) => lab.network.clog(0, 1, false)],
    ['a partition one way', (lab: Lab) => lab.network.silence([0], [1]), (lab: Lab) => lab.network.heal()],
  ])('%s keeps what goes one way, and lets the other way through', async (_, close, open) => {
    const lab = new Lab();
    await lab.link();
    close(lab);
    lab.transports[0]!.send(1, Uint8Array.of(1));
    lab.transports[1]!.send(1, Uint8Array.of(2));
    await lab.run(30_000);
    expect([lab.frames(0), lab.frames(1)]).toEqual([[2], []]);
    open(lab);
    await lab.run(100);
    expect(lab.frames(1)).toEqual([1]);
  });

  test('delivers what was lost later, all of it and in order', async () => {
    const lab = new Lab();
    await lab.link();
    lab.network.lose(1, 300);
    const sentAt = lab.schedule.now;
    for (let i = 0; i < 50; i++) lab.transports[0]!.send(1, Uint8Array.of(i));
    await lab.run(60_000);
    expect(lab.frames(1)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    const waits = lab.seen[1]!.slice(1).map(([at]) => at - sentAt);
    expect(Math.max(...waits)).toBeGreaterThanOrEqual(600);
    expect(Math.max(...waits)).toBeLessThan(10_000);
  });

  test('takes its time for many bytes, and says when they have left', async () => {
    const lab = new Lab(100);
    await lab.link();
    const sentAt = lab.schedule.now;
    lab.transports[0]!.send(1, new Uint8Array(200_000));
    await lab.run(10_000);
    const [, drained] = lab.seen[0]!;
    expect(drained).toEqual([sentAt + 2_000, { type: 'drained', link: 1 }]);
    expect(lab.seen[1]!.at(-1)![0]).toBeGreaterThanOrEqual(sentAt + 2_020);
  });

  test('cuts who leaves too much unread', async () => {
    const lab = new Lab(1);
    await lab.link();
    for (let i = 0; i < 11; i++) lab.transports[0]!.send(1, new Uint8Array(1024 * 1024));
    await lab.run(1);
    expect(lab.types(0)).toEqual(['opened', 'closed']);
  });
});

describe('a dial', () => {
  test.each([
    ['nobody listens', 40, (lab: Lab) => lab.network.heal()],
    ['a partition', 5_000, (lab: Lab) => lab.network.split([[0], [1]], true)],
    ['a way back that is clogged', 5_000, (lab: Lab) => lab.network.clog(1, 0, true)],
  ])('fails at %s', async (_, afterMs, arrange) => {
    const lab = new Lab();
    if (afterMs === 5_000) await lab.transports[1]!.listen('h1', 1);
    arrange(lab);
    lab.transports[0]!.dial('ws://h1:1');
    await lab.run(10_000);
    expect(lab.seen[0]).toEqual([[afterMs, { type: 'dialFailed', address: 'ws://h1:1' }]]);
  });
});
