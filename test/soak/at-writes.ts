/**
 * Owns the trial of one command that is killed, torn or starved of space at each write that it makes. After each, the next
 * command must go on, or name a remedy that works.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export type How = 'kill' | 'torn' | 'full';

export interface Trial {
  readonly name: string;
  /** The command to be hindered. */
  readonly command: readonly string[];
  readonly input?: string;
  /** What must go on after it. */
  readonly next: readonly string[];
  /** True if each round begins with an empty home. */
  readonly fresh?: boolean;
  /** Codes with which `next` may fail, since they say that the command had done its work. */
  readonly done?: readonly string[];
  /** The program of the bundle that is hindered, if it is not the command's own. */
  readonly program?: string;
  /** True of one that goes on until it is told to end: once it has answered it is sent SIGINT, and `next` likewise. */
  readonly serves?: boolean;
  /** Gets things ready for a round; words for the end of the command. */
  before?(run: Run): Promise<readonly string[]>;
  /** Looks at what is left; says what is wrong, or null. */
  check?(run: Run): Promise<string | null>;
  /** Puts things back for the next round. */
  after?(run: Run): Promise<void>;
}

export interface Outcome {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Run = (args: readonly string[], input?: string) => Promise<Outcome>;

export interface Verdict {
  readonly rounds: number;
  /** One line for each round that went wrong. */
  readonly failures: readonly string[];
}

/** No command has more; a trial that gets here hinders nothing. */
const WRITES_MAX = 400;
const COMMAND_MS = 120_000;

/** Where commands run: a home, the bundle, and the program that hinders. */
export class Bench {
  readonly home: string;
  readonly #bundle: string;
  readonly #preload: string;

  /** `bundle` is the folder of the built programs, `preload` the built `kill-at-write`; both `file:` URLs. */
  constructor(bundle: string, preload: string) {
    this.#bundle = bundle;
    this.#preload = preload;
    this.home = mkdtempSync(join(tmpdir(), 'pier-writes-'));
  }

  readonly run: Run = (args, input = '') => this.#run(args, input, {});

  /** Runs the trial at its first write, its second and so on, or at each `every`th from `first`, until it makes no more. */
  async try(trial: Trial, how: How, every = 1, first = 1): Promise<Verdict> {
    const failures: string[] = [];
    let rounds = 0;
    const fail = (at: number, text: string) => failures.push(`${trial.name}, ${how} at ${at}: ${text}`);
    for (let at = first; at <= WRITES_MAX; at += every) {
      if (trial.fresh === true) this.empty();
      const { program = 'cli.js', command, input = '', serves } = trial;
      const words = [...command, ...((await trial.before?.(this.run)) ?? [])];
      const hindered = await this.#run(words, input, { PIER_AT: `${program}:${at}:${how}` }, serves);
      const reached =
        how === 'full'
          ? /ENOSPC|space|disk is full/.test(hindered.stdout + hindered.stderr)
          : hindered.signal === 'SIGKILL' || (serves === true && hindered.code !== 0);
      if (/\n\s+at .*\(?file:|INTERNAL/.test(hindered.stdout + hindered.stderr))
        fail(at, `a stack trace: ${hindered.stderr.slice(0, 300)}`);
      rounds += 1;
      const text = (await this.#goesOn(trial)) ?? (await trial.check?.(this.run)) ?? null;
      if (text !== null) fail(at, text);
      if (process.env.PIER_TELL !== undefined)
        process.stderr.write(`${trial.name}, ${how} at ${at}: ${text ?? 'goes on'}\n`);
      await trial.after?.(this.run);
      // With a full disk a command may have written all it must before; then the next rounds show nothing new.
      if (!reached && (how !== 'full' || hindered.code === 0)) break;
    }
    return { rounds, failures };
  }

  /** Null if the next command goes on, at once or after the remedy that it names. */
  async #goesOn({ next, done = [], input = '', serves }: Trial): Promise<string | null> {
    const again = () => this.#run([...next, '--json'], input, {}, serves);
    const first = await again();
    if (first.code === 0) return null;
    const { code, hint } = faultIn(first);
    if (done.includes(code)) return null;
    const remedy = /pier ((?:[a-z0-9-]+ ?)+)/.exec(hint)?.[1]?.trim().split(' ');
    if (remedy === undefined)
      return `${next.join(' ')} fails without a remedy: ${first.stdout}${first.stderr}`;
    const applied = await this.#run(remedy[1] === 'start' ? [...remedy, '--detach'] : remedy, '', {});
    if (applied.code !== 0) return `the remedy ${remedy.join(' ')} of ${code} fails: ${applied.stderr}`;
    const second = await again();
    if (second.code === 0 || done.includes(faultIn(second).code)) return null;
    return `after the remedy ${remedy.join(' ')} of ${code}: ${second.stdout}${second.stderr}`;
  }

  #run(
    args: readonly string[],
    input: string,
    extra: Record<string, string>,
    serves = false,
  ): Promise<Outcome> {
    const entry = fileURLToPath(new URL('cli.js', this.#bundle));
    const env = {
      ...process.env,
      PIER_HOME: this.home,
      NODE_OPTIONS: extra.PIER_AT === undefined ? '' : `--import=${this.#preload}`,
      ...extra,
    };
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [entry, ...args], { env, cwd: this.home, stdio: 'pipe' });
      const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (text) => {
        stdout += text;
        if (serves) child.kill('SIGINT');
      });
      child.stderr.on('data', (text) => {
        stderr += text;
      });
      child.stdin.on('error', () => {});
      child.stdin.end(input);
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        clearTimeout(timer);
        // What it started may hold its pipes open.
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ code, signal, stdout, stderr });
      });
    });
  }

  /** Keeps the home as it is, and gives a function that brings that back. */
  keep(): () => void {
    const copy = `${this.home}-kept`;
    rmSync(copy, { recursive: true, force: true });
    cpSync(this.home, copy, { recursive: true, verbatimSymlinks: true });
    return () => {
      rmSync(this.home, { recursive: true, force: true });
      cpSync(copy, this.home, { recursive: true, verbatimSymlinks: true });
    };
  }

  empty(): void {
    rmSync(this.home, { recursive: true, force: true });
    mkdirSync(this.home, { mode: 0o700 });
  }

  async remove(): Promise<void> {
    await this.run(['testnet', 'stop']);
    rmSync(this.home, { recursive: true, force: true });
    rmSync(`${this.home}-kept`, { recursive: true, force: true });
  }

  read(path: string): string {
    return readFileSync(join(this.home, path), 'utf8');
  }
}

/** The URL of the built program that hinders. */
export function preloadIn(programs: string): string {
  return programs.startsWith('file:')
    ? new URL('kill-at-write.js', programs).href
    : pathToFileURL(join(programs, 'kill-at-write.js')).href;
}

function faultIn({ stdout }: Outcome): { code: string; hint: string } {
  try {
    return JSON.parse(stdout).error;
  } catch {
    return { code: '', hint: '' };
  }
}
