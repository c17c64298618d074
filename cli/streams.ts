/**
 * Owns standard output and standard error: what is written to them is fit for a terminal, and what could not be written is
 * remembered until the command ends, when `main.ts` makes an error of it. Nothing else in `cli/` writes to them.
 */
import { fstatSync, writeSync } from 'node:fs';
import { isatty, type WriteStream } from 'node:tty';
import picocolors from 'picocolors';
import { showText } from '../chain/format/text.ts';

/** Our own colours. Whatever else begins with an escape comes from somebody else. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
const STYLE = /(\x1b\[[0-9]{1,2}m)/;

/** A terminal that takes text and nothing else: nothing is redrawn on it, and nothing coloured. */
const isDumb = process.env.TERM === 'dumb' || (process.platform !== 'win32' && !process.env.TERM);

export class StandardStream {
  readonly #stream: WriteStream;
  readonly #number: 1 | 2;
  /** Files and devices are written at once and to the end: Node takes a part that was written for the whole. */
  readonly #direct: boolean;
  #failure: NodeJS.ErrnoException | null = null;
  /** True while a moving line stands on the terminal. */
  #isMoving = false;
  readonly colors: ReturnType<typeof picocolors.createColors>;

  constructor(stream: WriteStream, number: 1 | 2) {
    this.#stream = stream;
    this.#number = number;
    const kind = fstatSync(number);
    this.#direct = kind.isFile() || (kind.isCharacterDevice() && !this.isTerminal);
    const forced = process.env.FORCE_COLOR !== undefined && process.env.FORCE_COLOR !== '0';
    this.colors = picocolors.createColors(!process.env.NO_COLOR && (forced || this.canRedraw));
    stream.on('error', (error) => this.#fail(error));
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** True for a regular file, which is kept for later. */
  get isFile(): boolean {
    return fstatSync(this.#number).isFile();
  }

  /** True if lines can be written over and coloured. */
  get canRedraw(): boolean {
    return this.isTerminal && !isDumb;
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#stream.columns || 80, rows: this.#stream.rows || 24 };
  }

  /** The first error of writing to it, or null. */
  get failure(): NodeJS.ErrnoException | null {
    return this.#failure;
  }

  /**
   * Lines for people. Our colours stay; anything else that could steer the terminal or hide something is escaped. They take
   * the place of a moving line, which is drawn again below them.
   */
  text(text: string): void {
    this.clearMoving();
    this.raw(showLines(text));
  }

  /** Draws the moving line in place of the one before. `text` is fit for a terminal already. */
  drawMoving(text: string): void {
    this.raw(`\r${text}\x1b[K`);
    this.#isMoving = true;
  }

  /** Takes the moving line away. */
  clearMoving(): void {
    if (this.#isMoving) this.raw('\r\x1b[K');
    this.#isMoving = false;
  }

  /** Bytes as they are: JSON whose strings are escaped already, the content of a file, and what steers our own screen. */
  raw(data: string | Uint8Array): void {
    if (this.#failure !== null) return;
    if (!this.#direct) {
      this.#stream.write(data);
      return;
    }
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#number, bytes, at);
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
    }
  }

  onResize(listener: () => void): () => void {
    this.#stream.on('resize', listener);
    return () => this.#stream.off('resize', listener);
  }

  /** Resolves when all before is out, or has failed. */
  flush(): Promise<void> {
    if (this.#direct || this.#failure !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#stream.write('', () => resolve());
    });
  }

  /** A command that goes on until it is told to end has nobody to go on for. */
  #fail(error: NodeJS.ErrnoException): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    if (this.#number === 1 && process.listenerCount('SIGTERM') > 0) process.emit('SIGTERM');
  }
}

/** Each line, and each piece between our colours, as `showText` has it. */
export function showLines(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      line
        .split(STYLE)
        .map((part, i) => (i % 2 === 1 ? part : showText(part)))
        .join(''),
    )
    .join('\n');
}

export const out = new StandardStream(process.stdout, 1);
export const err = new StandardStream(process.stderr, 2);

const terminals = [0, 1, 2].filter((number) => isatty(number));

/** True if stdout or stderr was a terminal at the start. */
export const writesToTerminal = (): boolean => terminals.some((number) => number > 0);

/** True if that terminal has been closed. */
export const isHungUp = (): boolean => terminals.some((number) => !isatty(number));

/** The reader has seen enough, as `head`, or the terminal is gone: no error to tell anybody. */
export function isGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'EIO';
}
