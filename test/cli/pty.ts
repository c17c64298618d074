/** Owns running the `pier` command at a terminal of its own, made by util-linux's `script`, and typing at it. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';

/** False where there is no `script` that takes a command. */
export const HAS_PTY = spawnSync('script', ['-qec', 'true', '/dev/null'], { stdio: 'ignore' }).status === 0;

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export class AtTerminal {
  readonly #child: ChildProcessWithoutNullStreams;
  #shown = '';
  #from = 0;
  #wake: () => void = () => {};
  readonly ended: Promise<number | null>;

  constructor(home: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const entry = fileURLToPath(new URL('cli.js', inject('bundle')));
    const command = [process.execPath, entry, ...args].map(quote).join(' ');
    this.#child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...process.env, PIER_HOME: home, TERM: 'xterm', ...env },
      stdio: 'pipe',
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text) => {
      this.#shown += text;
      this.#wake();
    });
    this.#child.stdin.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        this.#wake();
        resolve(code);
      });
    });
  }

  /** All that was on the screen. */
  get shown(): string {
    return this.#shown;
  }

  /** Waits until the text is shown, after what was waited for before, and types. */
  async at(text: string, typed: string | Buffer): Promise<void> {
    for (;;) {
      const found = this.#shown.indexOf(text, this.#from);
      if (found >= 0) {
        this.#from = found + text.length;
        break;
      }
      if (this.#child.exitCode !== null) throw new Error(`it ended before ${text}: ${this.#shown}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#child.stdin.write(typed);
  }
}
