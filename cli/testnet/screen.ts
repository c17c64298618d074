/** Owns the terminal while the live view has it: a second screen, drawn over in place, given back as it was. */

/** Shows lines on the terminal's second screen. `redraw` is called when its size has changed. */
export class Screen {
  readonly #redraw: () => void;
  #open = true;
  #last = '';

  constructor(redraw: () => void) {
    this.#redraw = redraw;
    // Second screen; no cursor.
    process.stdout.write('\x1b[?1049h\x1b[?25l\x1b[2J');
    process.stdout.on('resize', this.#resized);
  }

  get size(): { columns: number; rows: number } {
    return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
  }

  /** Each line is written over the old one and the rest of it erased: nothing flickers. */
  draw(lines: readonly string[]): void {
    if (!this.#open) return;
    const text = lines.map((line) => `${line}\x1b[0m\x1b[K`).join('\r\n');
    if (text === this.#last) return;
    this.#last = text;
    // The frame around it asks terminals that can to show it all at once.
    process.stdout.write(`\x1b[?2026h\x1b[H${text}\x1b[J\x1b[?2026l`);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    process.stdout.off('resize', this.#resized);
    process.stdout.write('\x1b[?25h\x1b[?1049l');
  }

  readonly #resized = (): void => {
    this.#last = '';
    process.stdout.write('\x1b[2J');
    this.#redraw();
  };
}
