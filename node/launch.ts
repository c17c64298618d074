/**
 * Owns the launcher: a process that runs the node in a child, so that a crash of native code ends the child alone. The
 * launcher sees the signal, says so, and starts the node again; after repeated crashes it moves the database aside first.
 * See docs/decisions/0013-a-launcher-for-each-node.md.
 *
 * Bounds: the last `TAIL_BYTES` of what the child writes to stderr are kept.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { showText } from '../chain/format/text.ts';
import { nextStep, readAborts, writeAborts } from './aborts.ts';
import { PRIVATE_MODE } from './files.ts';
import { lockNodeFolder } from './node-lock.ts';
import { moveStoreAside } from './store-aside.ts';

/** What the child tells its launcher. */
export type ChildMessage =
  | { readonly type: 'ready'; readonly info: unknown }
  | { readonly type: 'failed'; readonly fault: ChildFault };

/** As the command line tells an error. */
export interface ChildFault {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export interface Launch {
  readonly dataDir: string;
  /** Options of `node.js`. */
  readonly args: readonly string[];
  /** What the child's stdout becomes. */
  readonly stdout: 'inherit' | 'ignore';
  /** Called each time the node serves. */
  ready?(info: unknown): void;
}

export interface LaunchEnd {
  readonly exitCode: number;
  /** Why it could not start or go on, if the child said so. */
  readonly fault: ChildFault | null;
}

const PROGRAM = fileURLToPath(new URL('./node.js', import.meta.url));
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Signals that native code ends itself with; 134 is what Windows gives for an abort. */
const CRASHES = new Set<string>(['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP']);
const ABORT_EXIT_CODE = 134;
/** Those that V8 ends itself with when memory runs out have nothing to do with the database. */
const OUT_OF_MEMORY = /heap out of memory|Allocation failed - process out of memory/;
const TAIL_BYTES = 8 * 1024;

/**
 * Runs a node until it ends for good. SIGINT and SIGTERM end it in an orderly way, and so does SIGHUP if stdout or stderr
 * is a terminal. If neither is, as behind `nohup`, a hangup changes nothing: Node itself forgets that `nohup` had it
 * ignored. Stdin does not count: `nohup` of BSD and macOS leaves it alone.
 */
export async function launchNode(launch: Launch): Promise<LaunchEnd> {
  let child: ChildProcess | null = null;
  let stopping = false;
  const hasTerminal = [1, 2].some((stream) => isatty(stream));
  const stop = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGHUP' && !hasTerminal) return;
    stopping = true;
    child?.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
  };
  for (const signal of FORWARDED) process.on(signal, stop);
  try {
    for (;;) {
      const run = start(launch);
      child = run.child;
      const end = await run.ended;
      if (end.crash === null) return { exitCode: end.exitCode, fault: end.fault };
      if (stopping) return { exitCode: 0, fault: null };
      const fault = await afterCrash(launch.dataDir, end.crash, end.tail);
      if (fault !== null) return { exitCode: 1, fault };
      if (stopping) return { exitCode: 0, fault: null };
    }
  } finally {
    for (const signal of FORWARDED) process.off(signal, stop);
  }
}

interface ChildEnd {
  readonly exitCode: number;
  readonly fault: ChildFault | null;
  /** The signal of a crash, or null. */
  readonly crash: string | null;
  readonly tail: string;
}

/** Keep the node's memory small: docs/decisions/0018-a-node-of-little-memory.md has the figures. */
export const ENVIRONMENT = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_TRIM_THRESHOLD_: '1048576',
};
export const V8_FLAGS = ['--max-semi-space-size=8', '--heap-growing-percent=40'];

function start(launch: Launch): { child: ChildProcess; ended: Promise<ChildEnd> } {
  const program = [...V8_FLAGS, ...process.execArgv, PROGRAM];
  const child = spawn(process.execPath, [...program, ...launch.args, '--launched'], {
    stdio: ['ignore', launch.stdout, 'pipe', 'ipc'],
    env: { ...ENVIRONMENT, ...process.env },
    // Ctrl-C reaches the launcher alone, which passes it on once.
    detached: true,
    windowsHide: true,
  });
  let tail = '';
  const lines = new SafeLines((text) => process.stderr.write(text));
  let fault: ChildFault | null = null;
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-TAIL_BYTES);
    lines.add(text);
  });
  child.on('message', (message: ChildMessage) => {
    if (message.type === 'ready') launch.ready?.(message.info);
    else fault = message.fault;
  });
  const ended = new Promise<ChildEnd>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      lines.end();
      const crash =
        signal !== null && CRASHES.has(signal) ? signal : code === ABORT_EXIT_CODE ? 'SIGABRT' : null;
      if (crash === null && signal !== null) say(`the node was ended by ${signal}, from outside`);
      resolve({ exitCode: code ?? (signal === 'SIGKILL' ? 137 : 143), fault, crash, tail });
    });
  });
  return { child, ended };
}

/** Passes text on line by line, fit for a terminal: what the child writes may hold what others have sent to it. */
export class SafeLines {
  readonly #write: (text: string) => void;
  #begun = '';

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** A line waits for its end, unless it is longer than `TAIL_BYTES`. */
  add(text: string): void {
    const lines = (this.#begun + text).split('\n');
    this.#begun = lines.pop()!;
    for (const line of lines) this.#write(`${showText(line)}\n`);
    if (this.#begun.length > TAIL_BYTES) this.end();
  }

  end(): void {
    if (this.#begun !== '') this.#write(`${showText(this.#begun)}\n`);
    this.#begun = '';
  }
}

/** Notes the crash and does what follows from it. The fault if the node must not be started again. */
async function afterCrash(dataDir: string, signal: string, tail: string): Promise<ChildFault | null> {
  const lock = await lockNodeFolder(dataDir);
  try {
    const now = Date.now();
    const database = !OUT_OF_MEMORY.test(tail);
    const aborts = [
      ...readAborts(dataDir, now),
      { at: now, signal: database ? signal : 'memory', moved: false },
    ];
    const step = nextStep(database ? aborts.filter((abort) => abort.signal !== 'memory') : aborts);
    const what = database ? `native code ended the node (${signal})` : 'the node ran out of memory';
    if (step === 'giveUp' || (step === 'moveAside' && !database)) {
      record(dataDir, aborts, `${what} again: it is not started again`);
      const hint = database
        ? 'check the memory and the disk of this machine; its database was made anew twice and fails again'
        : 'give it more memory with NODE_OPTIONS=--max-old-space-size=MEGABYTES';
      return { code: 'CRASHED', message: `${what} ${aborts.length} times within a day`, hint };
    }
    if (step === 'restart') {
      record(dataDir, aborts, `${what}; it is started again with the database as it is`);
      return null;
    }
    const { kept } = moveStoreAside(dataDir, 'aborted');
    aborts[aborts.length - 1] = { ...aborts.at(-1)!, moved: true };
    const where =
      kept === null ? 'there was no database left' : `its database is kept as ${join(dataDir, kept)}`;
    record(dataDir, aborts, `${what} again: ${where}, and is made anew`);
    return null;
  } finally {
    lock.release();
  }
}

function record(dataDir: string, aborts: Parameters<typeof writeAborts>[1], text: string): void {
  say(text);
  const { at, signal } = aborts.at(-1)!;
  try {
    writeAborts(dataDir, aborts);
    // As `logs.ts` writes it; the node, whose file it is, is not running.
    const line = JSON.stringify({ level: 50, at, signal, text, event: 'crashed' });
    appendFileSync(join(dataDir, 'node.log'), `${line}\n`, { mode: PRIVATE_MODE });
  } catch (error) {
    say(`that could not be noted: ${(error as Error).message}`);
  }
}

function say(text: string): void {
  process.stderr.write(`pier node: ${text}\n`);
}
