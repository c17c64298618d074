/**
 * Owns questions at the terminal. A line is edited as everywhere (Ctrl-U, Ctrl-W, arrows, Home, End, Delete), by Node's
 * readline; a hidden one is edited the same way and shows nothing. Lines that were pasted together answer questions that
 * follow at once; what nobody asked for is dropped.
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

/** The line that was pasted with the last one and comes within so many milliseconds, or null. It still answers a question. */
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

/** The terminal in our hands: no echo, from the first question to the last one that follows at once. */
class Session {
  readonly hidden: boolean;
  /** One byte at a time: of several, readline puts all but the last at the end of the line, wherever the cursor is. */
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

  /** Bytes that are no UTF-8 would become one and the same character each. */
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

  /** The echo stays off until it is clear that no question follows: the next line may be on its way. */
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

/** On a terminal that it takes for dumb, readline edits nothing. What is hidden is edited all the same. */
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
