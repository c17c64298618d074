/**
 * Owns how a command answers. Stdout carries the answer only: text for people, or with `--json` one JSON document (a
 * stream, as `watch`, writes one document a line). Notes, progress and prompts go to stderr.
 */
import { isVisible } from '../chain/format/text.ts';
import { clip } from './layout.ts';
import { err, out, showLines } from './streams.ts';

export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /** True if nobody can be answered any more. */
  get ended(): boolean {
    return out.failure !== null;
  }

  /** The answer of a command: `document` for programs or `text` for people. */
  result(document: unknown, text: string | (() => string)): void {
    if (this.json) this.document(document);
    else this.line(typeof text === 'string' ? text : text());
  }

  /** One JSON document on a line of its own. */
  document(document: unknown): void {
    out.raw(`${toJson(document)}\n`);
  }

  /** A line for people. */
  line(text: string): void {
    out.text(`${text}\n`);
  }

  /** The content of a file, as it is. */
  bytes(bytes: Uint8Array): void {
    out.raw(bytes);
  }

  /** Something worth knowing that is no part of the answer. Programs don't get it. */
  note(text: string): void {
    if (!this.json) err.text(`${err.colors.dim(text)}\n`);
  }

  /** Something that must not be missed, for programs too: a line on stderr. */
  warn(text: string): void {
    err.text(`${err.colors.yellow('note:')} ${text}\n`);
  }

  /** True if there is somebody to ask. */
  asks(): boolean {
    return !this.json && process.stdin.isTTY === true && err.isTerminal;
  }

  /** A line that tells what is being waited for, redrawn in place; shown to people at a terminal that can do that. */
  progress(text: string): Progress {
    return new Progress(text, !this.json && err.canRedraw);
  }
}

/**
 * JSON in one line. Characters that are not visible are written as `\uXXXX`, but for joiners where `showText` leaves them:
 * the same value, and fit for a terminal.
 */
export function toJson(document: unknown): string {
  return JSON.stringify(document).replace(/[^ -~]+/gu, (run) => {
    const characters = [...run];
    return characters
      .map((character, i) => {
        const isJoiner = character === '\u200c' || character === '\u200d';
        const shown = isJoiner ? isInk(characters[i - 1]) && isInk(characters[i + 1]) : isInk(character);
        return shown ? character : Array.from(character, escaped).join('');
      })
      .join('');
  });
}

const isInk = (character: string | undefined): boolean =>
  character !== undefined && isVisible(character.codePointAt(0)!);

/** Every code unit of a character. */
function escaped(character: string): string {
  return character
    .split('')
    .map((each) => unit(each.charCodeAt(0)))
    .join('');
}

const unit = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;

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
    err.clearMoving();
  }

  #draw(): void {
    const frame = FRAMES[this.#frame++ % FRAMES.length]!;
    const text = showLines(this.#text.replaceAll('\n', ' '));
    err.drawMoving(`${err.colors.cyan(frame)} ${clip(text, err.size.columns - 3)}`);
  }
}
