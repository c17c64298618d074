/**
 * Owns what goes to stdout and stderr. Stdout carries the answer only: text for people, or with `--json` one JSON
 * document (a stream, as `watch`, writes one document a line). Notes, progress and prompts go to stderr.
 */
import colors from 'picocolors';

export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /** The answer of a command: `document` for programs or `text` for people. */
  result(document: unknown, text: string | (() => string)): void {
    if (this.json) this.document(document);
    else this.line(typeof text === 'string' ? text : text());
  }

  /** One JSON document on a line of its own. */
  document(document: unknown): void {
    process.stdout.write(`${JSON.stringify(document)}\n`);
  }

  /** A line for people. */
  line(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** Something worth knowing that is no part of the answer. Programs don't get it. */
  note(text: string): void {
    if (!this.json) process.stderr.write(`${colors.dim(text)}\n`);
  }

  /** A line that tells what is being waited for, redrawn in place; shown to people at a terminal only. */
  progress(text: string): Progress {
    return new Progress(text, !this.json && process.stderr.isTTY === true);
  }
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

/** One moving line on stderr. `stop` takes it away again. */
export class Progress {
  #text: string;
  #frame = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(text: string, shown: boolean) {
    this.#text = text;
    if (!shown) return;
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    this.#timer.unref();
    this.#draw();
  }

  update(text: string): void {
    this.#text = text;
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    process.stderr.write('\r\x1b[K');
  }

  #draw(): void {
    const width = (process.stderr.columns ?? 80) - 3;
    const frame = FRAMES[this.#frame++ % FRAMES.length];
    process.stderr.write(`\r${colors.cyan(frame)} ${this.#text.slice(0, width)}\x1b[K`);
  }
}
