/** Owns nodes as processes of their own, started from the built program on free ports of loopback, and talking to them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { callNode } from '../../cli/node-rpc.ts';
import { type NodeEvent, Subscription, type Topic } from '../../cli/subscription.ts';
import { ENVIRONMENT, V8_FLAGS } from '../../node/launch.ts';
import type { LiveBytes, ProbeRequest } from './programs/heap-probe.ts';

/** A node that says nothing for so long has failed. */
const START_TIMEOUT_MS = 60_000;
const CALL_TIMEOUT_MS = 60_000;

export interface NodeWish {
  /** Folder of the built programs. */
  readonly bundle: string;
  readonly data: string;
  readonly genesis?: string;
  readonly peers?: readonly string[];
  readonly mine?: string;
  readonly hashrate?: number;
  /** Where it listens; the loopback if left out. */
  readonly host?: string;
  /** `file:` URL of the built `heap-probe`, for who asks `live`. */
  readonly probe?: string;
}

export class NodeProcess {
  readonly data: string;
  readonly rpc: string;
  readonly p2p: string;
  /** Node id, hex. */
  readonly id: string;
  readonly #child: ChildProcess;
  readonly #subscriptions: Subscription[] = [];

  /** Resolves when it serves; rejects with its last words if it ends before. */
  static start(wish: NodeWish): Promise<NodeProcess> {
    mkdirSync(wish.data, { recursive: true, mode: 0o700 });
    const any = `${wish.host ?? '127.0.0.1'}:0`;
    const args = ['--ready', '--data', wish.data, '--listen', any, '--rpc', any];
    if (wish.genesis !== undefined) args.push('--genesis', wish.genesis);
    for (const peer of wish.peers ?? []) args.push('--peer', peer);
    if (wish.mine !== undefined) args.push('--mine', wish.mine);
    if (wish.hashrate !== undefined) args.push('--hashrate', String(wish.hashrate));
    const program = fileURLToPath(new URL('node.js', wish.bundle));
    const probed = wish.probe === undefined ? [] : ['--expose-gc', '--import', wish.probe];
    const child = spawn(process.execPath, [...V8_FLAGS, ...probed, program, ...args], {
      env: { ...process.env, ...ENVIRONMENT },
      stdio: ['ignore', 'pipe', 'pipe', ...(wish.probe === undefined ? [] : (['ipc'] as const))],
    });
    return new Promise((resolve, reject) => {
      let said = '';
      const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
      child.stderr!.on('data', (text) => {
        said += text;
      });
      child.once('exit', () => reject(new Error(`a node ended before it was ready: ${said}`)));
      child.stdout!.on('data', (text) => {
        said += text;
        const line = said.split('\n').find((candidate) => candidate.startsWith('{"ready":true'));
        if (line === undefined) return;
        clearTimeout(timer);
        child.removeAllListeners('exit');
        child.stdout!.removeAllListeners('data').resume();
        resolve(new NodeProcess(child, wish.data, JSON.parse(line)));
      });
    });
  }

  private constructor(child: ChildProcess, data: string, info: { rpc: string; p2p: string; node: string }) {
    this.#child = child;
    this.data = data;
    this.rpc = info.rpc;
    this.p2p = info.p2p;
    this.id = info.node;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves with what the method gives. The cookie is sent along, so methods of the operator are open. */
  call<T>(method: string, params: object = {}): Promise<T> {
    const cookie = readFileSync(join(this.data, 'cookie'), 'utf8').trim();
    return callNode<T>(this.rpc, method, params, { cookie, timeoutMs: CALL_TIMEOUT_MS });
  }

  /** Calls `event` for each event of these topics, with the time it came; resolves once the stream is open. */
  follow(topics: readonly Topic[], event: (event: NodeEvent, atMs: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const subscription = new Subscription(() => this.rpc, topics, {
        event: (given) => event(given, performance.now()),
        opened: resolve,
        closed: () => reject(new Error('the stream of events ended')),
      });
      this.#subscriptions.push(subscription);
    });
  }

  /** Collects garbage and resolves with what lives then. With a file, writes a heap snapshot there before. */
  live(snapshot?: string): Promise<LiveBytes> {
    const request: ProbeRequest =
      snapshot === undefined ? { ask: 'memory' } : { ask: 'snapshot', file: snapshot };
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('the node ended'));
      this.#child.once('exit', ended);
      this.#child.once('message', (answer) => {
        this.#child.off('exit', ended);
        resolve(answer as LiveBytes);
      });
      this.#child.send(request);
    });
  }

  /** Ends it and resolves when it is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.end();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.kill(signal);
    await ended;
  }
}

/** Milliseconds of processor time that a process has used: all its threads, in user and kernel mode. Linux. */
export function cpuMsOf(pid: number): number {
  // proc(5): fields 14 and 15, counted after the name, which is in parentheses; in ticks of 10 ms.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory of a process in MB, mapped files included, or those alone. Linux. */
export function memoryOf(pid: number | 'self', part: 'VmRSS' | 'RssFile' = 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${part}:\\s+(\\d+) kB`, 'm').exec(status)![1]) / 1024;
}

/** Open descriptors of a process. Linux. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
