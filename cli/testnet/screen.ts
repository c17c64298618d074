/** Owns the terminal while the live view has it: a second screen, drawn over in place, given back as it was. */

import { out, showLines } from '../streams.ts';

/** Shows lines on the terminal's second screen. `redraw` is called when its size has changed. */
export class Screen {
  readonly #redraw: () => void;
  #open = true;
  #last = '';
  readonly #forget: () => void;

  constructor(redraw: () => void) {
    this.#redraw = redraw;
    // Second screen; no cursor.
    out.raw('\x1b[?1049h\x1b[?25l\x1b[2J');
    this.#forget = out.onResize(() => this.#resized());
  }

  get size(): { columns: number; rows: number } {
    return out.size;
  }

  /** Each line is written over the old one and the rest of it erased: nothing flickers. */
  draw(lines: readonly string[]): void {
    if (!this.#open) return;
    const text = lines.map((line) => `${showLines(line)}\x1b[0m\x1b[K`).join('\r\n');
    if (text === this.#last) return;
    this.#last = text;
    // The frame around it asks terminals that can to show it all at once.
    out.raw(`\x1b[?2026h\x1b[H${text}\x1b[J\x1b[?2026l`);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#forget();
    out.raw('\x1b[?25h\x1b[?1049l');
  }

  #resized(): void {
    this.#last = '';
    out.raw('\x1b[2J');
    this.#redraw();
  }
}
