/**
 * Owns questions at the terminal. Node's readline edits the line, with the usual keys (Ctrl-U, Ctrl-W, arrows, Home, End,
 * Delete). A hidden line is edited in the same way, without being shown. When several lines are pasted, the second line
 * answers the next question if that follows at once. Lines that answer no question are dropped.
 */
import { createInterface, type Interface } from 'node:readline';
import { PassThrough, Writable } from 'node:stream';
import { WalletError } from '../wallet/errors.ts';
import { CliError } from './faults.ts';
import { err } from './streams.ts';

export interface Question {
  readonly hidden: boolean;
}

/** The line that is typed, without its end. Throws 'INTERRUPTED' at Ctrl-C, Ctrl-D and the end of the terminal, 'NOT_UTF8'. */
export function ask(question: string, { hidden }: Question): Promise<string> {
  if (session !== null && session.hidden !== hidden) endSession();
  session ??= new Session(hidden);
  return session.ask(question);
}

/** Waits up to so many milliseconds for a line that was pasted with the last one, and leaves it for the next question; null if none comes. */
export function peekLine(withinMs: number): Promise<string | null> {
  return session === null ? Promise.resolve(null) : session.peek(withinMs);
}

let session: Session | null = null;

function endSession(): void {
  session?.end();
  session = null;
}

interface Waiting {
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

/** Holds the terminal without echo, from the first question to the last one that follows at once. */
class Session {
  readonly hidden: boolean;
  /** Passes on one byte at a time. Of several, readline would put all but the last at the end of the line, not at the cursor. */
  readonly #keys = new PassThrough({ objectMode: true });
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #lines: string[] = [];
  readonly #readline: Interface;
  #waiting: Waiting | null = null;
  #question = '';
  #fault: Error | null = null;
  #arrival: (() => void) | null = null;
  #idle: NodeJS.Immediate | undefined;

  constructor(hidden: boolean) {
    this.hidden = hidden;
    this.#readline = openReadline(this.#keys, hidden);
    this.#readline.on('line', (line) => this.#take(line));
    this.#readline.on('SIGINT', () => this.#fail(interrupted()));
    this.#readline.on('close', () => this.#fail(interrupted()));
    this.#readline.on('SIGTSTP', () => this.#suspend());
    process.stdin.on('data', this.#feed).on('end', this.#gone).on('error', this.#gone);
    process.stdin.setRawMode(true);
    process.stdin.resume();
  }

  ask(question: string): Promise<string> {
    clearImmediate(this.#idle);
    this.#question = question;
    if (this.hidden) err.text(question);
    else {
      this.#readline.setPrompt(question);
      this.#readline.prompt();
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#answer();
    });
  }

  peek(withinMs: number): Promise<string | null> {
    clearImmediate(this.#idle);
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#arrival = null;
        this.#endSoon();
        resolve(this.#lines[0] ?? null);
      };
      const timer = setTimeout(done, withinMs);
      this.#arrival = done;
      if (this.#lines.length > 0 || this.#fault !== null) done();
    });
  }

  end(): void {
    clearImmediate(this.#idle);
    const { stdin } = process;
    stdin.off('data', this.#feed).off('end', this.#gone).off('error', this.#gone);
    if (!stdin.destroyed) stdin.setRawMode(false);
    stdin.pause();
    this.#readline.removeAllListeners();
    this.#readline.close();
  }

  /** Refuses bytes that are not UTF-8: decoding would turn each of them into the same character. */
  readonly #feed = (chunk: Buffer): void => {
    try {
      this.#decoder.decode(chunk, { stream: true });
    } catch {
      const hint = 'set the terminal to UTF-8, or put it into a file: --passphrase-file FILE';
      this.#fault = new WalletError('NOT_UTF8', 'the terminal sent bytes that are no UTF-8', hint);
    }
    for (const byte of chunk) this.#keys.write(Buffer.of(byte));
  };

  readonly #gone = (): void => this.#fail(interrupted());

  #take(line: string): void {
    this.#lines.push(line);
    this.#arrival?.();
    this.#answer();
  }

  #answer(): void {
    if (this.#waiting === null || (this.#lines.length === 0 && this.#fault === null)) return;
    const { resolve, reject } = this.#waiting;
    this.#waiting = null;
    if (this.hidden) err.text('\n');
    if (this.#fault === null) resolve(this.#lines.shift()!);
    else reject(this.#fault);
    this.#endSoon();
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    this.#arrival?.();
    this.#answer();
  }

  /** Keeps the echo off until no question can follow, since the next line of a paste may still arrive. */
  #endSoon(): void {
    clearImmediate(this.#idle);
    this.#idle = setImmediate(endSession);
  }

  #suspend(): void {
    process.stdin.setRawMode(false);
    process.once('SIGCONT', () => {
      process.stdin.setRawMode(true);
      err.text(this.#question);
    });
    process.kill(process.pid, 'SIGTSTP');
  }
}

/** Lets hidden lines be edited on every terminal. On one with TERM=dumb, readline itself would edit nothing. */
function openReadline(input: PassThrough, hidden: boolean): Interface {
  const { TERM } = process.env;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!hidden) err.raw(chunk);
      done();
    },
  });
  Object.assign(output, { columns: hidden ? Number.MAX_SAFE_INTEGER : err.size.columns });
  if (hidden) process.env.TERM = 'xterm';
  try {
    return createInterface({
      input,
      output,
      terminal: true,
      historySize: 0,
      crlfDelay: Number.POSITIVE_INFINITY,
    });
  } finally {
    if (TERM === undefined) delete process.env.TERM;
    else process.env.TERM = TERM;
  }
}

const interrupted = (): CliError => new CliError('INTERRUPTED', 'nothing was done');
