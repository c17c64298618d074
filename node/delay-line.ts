/**
 * Owns the frames of one direction of a link that an operator slowed down: each leaves so many milliseconds after it
 * came, in order. Without a delay nothing waits: a frame passes within the call, with no timer and no copy.
 *
 * Bounds: its owner's. `waitingBytes` counts what waits, with what keeping each frame takes, or a peer's empty ones would
 * cost it nothing; the link cuts or pauses on it.
 */

/**
 * Longest delay. Where both ends of a link lag, a question and its answer wait four times as long: 12 s. The shortest
 * time-out that would end such a link is that of headers, 15 s; the rest is for a busy machine.
 */
export const LAG_MS_MAX = 3_000;
/** A handshake has 10 s on slow machines too, so it isn't slowed: hello and proof, the first frames each way. */
const HANDSHAKE_FRAMES = 2;
/** What a waiting frame takes besides its bytes: an array, its buffer and the entry. */
export const WAITING_OVERHEAD_BYTES = 256;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly cameAtMs: number;
}

export class DelayLine {
  readonly #release: (bytes: Uint8Array) => void;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #delayMs: number;
  /** Frames that passed, counted as far as it matters. */
  #passed = 0;
  #cancel: (() => void) | null = null;

  /** `release` gets each frame when it leaves: within `push` or from a turn of its own, never within another call. */
  constructor(delayMs: number, release: (bytes: Uint8Array) => void) {
    this.#delayMs = delayMs;
    this.#release = release;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  push(bytes: Uint8Array): void {
    const handshake = this.#passed < HANDSHAKE_FRAMES;
    if (handshake) this.#passed++;
    if (handshake || (this.#delayMs === 0 && this.#waiting.length === 0)) {
      this.#release(bytes);
      return;
    }
    this.#waiting.push({ bytes, cameAtMs: performance.now() });
    this.#waitingBytes += bytes.length + WAITING_OVERHEAD_BYTES;
    if (this.#cancel === null) this.#arm();
  }

  /** Holds for frames that wait, too: all of them move alike, so their order stays. */
  setDelay(delayMs: number): void {
    this.#delayMs = delayMs;
    this.#disarm();
    this.#arm();
  }

  /** Takes out all that waits, in order: nothing of it is released. */
  drain(): Uint8Array[] {
    this.#disarm();
    this.#waitingBytes = 0;
    return this.#waiting.splice(0).map(({ bytes }) => bytes);
  }

  #arm(): void {
    const first = this.#waiting[0];
    if (first === undefined) return;
    const waitMs = first.cameAtMs + this.#delayMs - performance.now();
    const leave = (): void => this.#leave();
    if (waitMs > 0) {
      const timer = setTimeout(leave, Math.ceil(waitMs)).unref();
      this.#cancel = () => clearTimeout(timer);
    } else {
      // A turn for each: those that came together must not hold up the loop when they leave.
      const immediate = setImmediate(leave).unref();
      this.#cancel = () => clearImmediate(immediate);
    }
  }

  #leave(): void {
    this.#cancel = null;
    const { bytes } = this.#waiting.shift()!;
    this.#waitingBytes -= bytes.length + WAITING_OVERHEAD_BYTES;
    // Armed before: whatever the frame brings about may end the line.
    this.#arm();
    this.#release(bytes);
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
