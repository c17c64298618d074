/**
 * Owns the node's log: one JSON object a line in `<data>/node.log`.
 *
 * Bounds: the file by `LOG_BYTES_MAX`, then it becomes `node.log.1` and replaces the one before; lines of one event by
 * `LINES_PER_SECOND` in the long run, so that a peer can neither fill the disk nor push everything else out; a line by
 * `FIELD_LENGTH_MAX` a field.
 */
import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { pino } from 'pino';
import { showText } from '../chain/format/text.ts';
import { PRIVATE_MODE } from './files.ts';
import type { Clock, LogFields, Logger } from './ports.ts';
import { TokenBucket } from './token-bucket.ts';

const LOG_BYTES_MAX = 5 * 1024 * 1024;
const LINES_PER_SECOND = 2;
/** Lines of one event that may come at once. */
const LINES_BURST = 100;
const FIELD_LENGTH_MAX = 2000;
/** Names are the program's own; more than these share one allowance, so that the table can't grow. */
const EVENT_NAMES_MAX = 200;

/** A file that is appended to, and begun anew when it is full. A full disk loses lines, never the node. */
class CappedFile {
  readonly #path: string;
  readonly #bytesMax: number;
  #file: number;
  #bytes: number;

  constructor(path: string, bytesMax: number) {
    this.#path = path;
    this.#bytesMax = bytesMax;
    this.#file = openSync(path, 'a', PRIVATE_MODE);
    this.#bytes = fstatSync(this.#file).size;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    try {
      if (this.#bytes + bytes > this.#bytesMax) this.#rotate();
      writeSync(this.#file, line);
      this.#bytes += bytes;
    } catch {
      // Nowhere to say it.
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #rotate(): void {
    // The new one first: should that fail, the old one is still open.
    if (existsSync(this.#path)) renameSync(this.#path, `${this.#path}.1`);
    const file = openSync(this.#path, 'a', PRIVATE_MODE);
    closeSync(this.#file);
    this.#file = file;
    this.#bytes = 0;
  }
}

interface Allowance {
  readonly bucket: TokenBucket;
  /** Lines left out since the last one written. */
  left: number;
}

export interface FileLogger extends Logger {
  close(): void;
}

export interface LogOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly level?: 'debug' | 'info';
  readonly bytesMax?: number;
}

/** Opens the log. Throws what the file system says. */
export function openLog({ path, clock, level = 'info', bytesMax = LOG_BYTES_MAX }: LogOptions): FileLogger {
  const file = new CappedFile(path, bytesMax);
  const log = pino(
    { level, base: null, messageKey: 'event', timestamp: () => `,"at":${clock.wallMs()}` },
    file,
  );
  const allowances = new Map<string, Allowance>();

  const write = (at: 'debug' | 'info' | 'warn' | 'error', event: string, fields: LogFields): void => {
    if (!log.isLevelEnabled(at)) return;
    const name = allowances.has(event) || allowances.size < EVENT_NAMES_MAX ? event : '';
    let allowance = allowances.get(name);
    if (allowance === undefined) {
      const config = {
        rate: LINES_PER_SECOND,
        burst: LINES_BURST,
        savedMs: (1000 * LINES_BURST) / LINES_PER_SECOND,
      };
      allowance = { bucket: new TokenBucket(config, clock.monotonicMs()), left: 0 };
      allowances.set(name, allowance);
    }
    if (allowance.bucket.take(1, clock.monotonicMs()) === 0) {
      allowance.left += 1;
      return;
    }
    const { left } = allowance;
    allowance.left = 0;
    log[at]({ ...clipFields(fields), ...(left > 0 && { left }) }, event);
  };

  return {
    debug: (event, fields = {}) => write('debug', event, fields),
    info: (event, fields = {}) => write('info', event, fields),
    warn: (event, fields = {}) => write('warn', event, fields),
    error: (event, fields = {}) => write('error', event, fields),
    close: () => file.close(),
  };
}

function clipFields(fields: LogFields): LogFields {
  const clipped: LogFields = {};
  for (const [name, value] of Object.entries(fields)) {
    clipped[name] = typeof value === 'string' ? clipText(value) : value;
  }
  return clipped;
}

/** Lines as they are, all else that could steer the terminal of whoever reads the log escaped. */
function clipText(text: string): string {
  const lines = text.slice(0, FIELD_LENGTH_MAX + 1).split('\n');
  const shown = lines.map(showText).join('\n');
  return shown.length > FIELD_LENGTH_MAX ? `${shown.slice(0, FIELD_LENGTH_MAX)}…` : shown;
}
