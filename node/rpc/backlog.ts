/**
 * Owns the bytes that wait for the clients of the RPC: bodies that are coming in, answers and events that are not yet
 * read, and those of calls that are being served. When all together are too many, the client that has let its bytes wait
 * longest is cut: nobody is refused because others don't read, or because the node is slow. Pure: the caller has the clock.
 *
 * Bounds: `max` bytes and the one message that was too much.
 */

/** Less than this is in transit, not left unread. */
const LEFT_BYTES = 64 * 1024;

/** What one client lets wait. All of it counts no more once it has ended. */
export interface Account {
  readonly bytes: number;
  /** Something more waits. It may be the client itself that is cut for it. */
  hold(bytes: number, nowMs: number): void;
  /** So many of them wait for the node, not for the client: it has sent all of a call. */
  serve(bytes: number): void;
  /** A call that was served is over. */
  finish(bytes: number): void;
  /** Some of it has gone, so the client reads. */
  release(bytes: number, nowMs: number): void;
  end(): void;
}

export class Backlog {
  readonly #max: number;
  readonly #entries = new Set<Entry>();
  #bytes = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Opens an account; `cut` is called at most once, and ends the client. */
  open(cut: () => void): Account {
    const entry = new Entry(cut, (entry, change) => this.#changed(entry, change));
    this.#entries.add(entry);
    return entry;
  }

  #changed(entry: Entry, change: number): void {
    this.#bytes += change;
    if (entry.ended) this.#entries.delete(entry);
    while (this.#bytes > this.#max) {
      const slowest = this.#slowest();
      slowest.end();
      slowest.cut();
    }
  }

  #slowest(): Entry {
    let slowest: Entry | null = null;
    for (const entry of this.#entries) if (slowest === null || isSlower(entry, slowest)) slowest = entry;
    return slowest!;
  }
}

/** Not by bytes first: who leaves little for ever would outlast who reads much. */
function isSlower(a: Entry, b: Entry): boolean {
  const leaves = a.left > LEFT_BYTES;
  if (leaves !== b.left > LEFT_BYTES) return leaves;
  if (leaves && a.sinceMs !== b.sinceMs) return a.sinceMs < b.sinceMs;
  return a.bytes > b.bytes;
}

class Entry implements Account {
  bytes = 0;
  #served = 0;
  /** When something last went, or began to wait. */
  sinceMs = 0;
  ended = false;
  readonly cut: () => void;
  readonly #changed: (entry: Entry, change: number) => void;

  constructor(cut: () => void, changed: (entry: Entry, change: number) => void) {
    this.cut = cut;
    this.#changed = changed;
  }

  /** Bytes that wait for the client. */
  get left(): number {
    return this.bytes - this.#served;
  }

  hold(bytes: number, nowMs: number): void {
    if (this.ended) return;
    if (this.left === 0) this.sinceMs = nowMs;
    this.bytes += bytes;
    this.#changed(this, bytes);
  }

  serve(bytes: number): void {
    if (!this.ended) this.#served += bytes;
  }

  finish(bytes: number): void {
    if (this.ended) return;
    this.#served -= bytes;
    this.bytes -= bytes;
    this.#changed(this, -bytes);
  }

  release(bytes: number, nowMs: number): void {
    if (this.ended) return;
    this.sinceMs = nowMs;
    this.bytes -= bytes;
    this.#changed(this, -bytes);
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    const { bytes } = this;
    this.bytes = 0;
    this.#changed(this, -bytes);
  }
}
