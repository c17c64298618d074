/**
 * Owns a node that is tried hard: a process of its own, with the launcher where there is one, as `pier node start` runs
 * it. What it says and how it ends is kept, since that is part of the verdict.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { callNode } from '../../cli/node-rpc.ts';

export interface TrialWish {
  /** Folder of the built programs, a `file:` URL. */
  readonly bundle: string;
  readonly data: string;
  readonly genesis?: string;
  readonly peers?: readonly string[];
  readonly mine?: string;
  readonly hashrate?: number;
  /** Takes links of other nodes. */
  readonly listen?: boolean;
  /** Without the launcher, so that a signal reaches the node itself. */
  readonly bare?: boolean;
}

interface Ready {
  readonly rpc: string;
  readonly p2p: string | null;
}

export interface TrialEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const START_MS = 120_000;
const CALL_MS = 60_000;
const STOP_MS = 60_000;

export class TrialNode {
  readonly data: string;
  readonly #child: ChildProcess;
  #ready: Ready | null = null;
  #end: TrialEnd | null = null;
  readonly ended: Promise<TrialEnd>;
  /** All that came on stderr. */
  stderr = '';

  constructor(wish: TrialWish) {
    this.data = wish.data;
    mkdirSync(wish.data, { recursive: true, mode: 0o700 });
    const args = ['--ready', '--data', wish.data, '--rpc', '127.0.0.1:0'];
    if (wish.listen) args.push('--listen', '127.0.0.1:0');
    if (wish.genesis !== undefined) args.push('--genesis', wish.genesis);
    for (const peer of wish.peers ?? []) args.push('--peer', peer);
    if (wish.mine !== undefined) args.push('--mine', wish.mine);
    if (wish.hashrate !== undefined) args.push('--hashrate', String(wish.hashrate));
    const launcher = fileURLToPath(new URL('launcher.js', wish.bundle));
    const node = fileURLToPath(new URL('node.js', wish.bundle));
    const program = !wish.bare && existsSync(launcher) ? launcher : node;
    this.#child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stderr!.setEncoding('utf8').on('data', (text) => {
      this.stderr += text;
    });
    const endWithSoak = (): boolean => this.#child.kill('SIGKILL');
    process.once('exit', endWithSoak);
    let said = '';
    this.#child.stdout!.setEncoding('utf8').on('data', (text) => {
      said += text;
      const lines = said.split('\n');
      said = lines.pop()!;
      // A launcher that started its node anew says where that one is.
      for (const line of lines) if (line.startsWith('{"ready":true')) this.#ready = JSON.parse(line);
    });
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (code, signal) => {
        this.#end = { code, signal };
        process.off('exit', endWithSoak);
        resolve(this.#end);
      }),
    );
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** How it ended; `null` while it runs. */
  get end(): TrialEnd | null {
    return this.#end;
  }

  get p2p(): string {
    return this.#ready!.p2p!;
  }

  get rpc(): string {
    return this.#ready!.rpc;
  }

  /** True once it serves; false if it ended before, or took longer than two minutes. */
  async serves(): Promise<boolean> {
    const until = Date.now() + START_MS;
    while (this.#ready === null && this.#end === null && Date.now() < until) await sleep(20);
    return this.#ready !== null && this.#end === null;
  }

  call<T>(method: string, params: object = {}): Promise<T> {
    const path = join(this.data, 'cookie');
    const cookie = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
    return callNode<T>(this.rpc, method, params, { cookie, timeoutMs: CALL_MS });
  }

  /** What `GET /health` says. */
  health(): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      get(new URL('/health', this.rpc), { agent: false, timeout: CALL_MS }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode!, text }));
      }).on('error', reject);
    });
  }

  /** Resolves with neither code nor signal if what it started lives on. */
  async kill(): Promise<TrialEnd> {
    this.#child.kill('SIGKILL');
    const gaveUp = new AbortController();
    const outlived = sleep(STOP_MS, { code: null, signal: null }, { signal: gaveUp.signal });
    const end = await Promise.race([this.ended, outlived.catch(() => this.ended)]);
    gaveUp.abort();
    return end;
  }

  /** Ends it in order. True if it ended so, with 0. */
  async stop(): Promise<boolean> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    const { code } = await this.ended;
    clearTimeout(timer);
    return code === 0;
  }

  /** Events in the node's log that tell of damage, with what they say. */
  get damages(): string[] {
    const path = join(this.data, 'node.log');
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.filter((line) => DAMAGE.test(line)).map((line) => line.slice(0, 300));
  }
}

const DAMAGE =
  /"event":"(?:rebuilding|rebuild|mended|storage|storeDamaged|storeLost|blocksDamaged|journalDamaged|rowsLost|crashed|fatal|startFailed)"/;
