/**
 * Owns the hosts that were false to us and are neither dialled nor accepted for a while. Loopback never gets here.
 * Bounds: `DISCOURAGED_MAX` hosts; the earliest entry makes room.
 */
import { DISCOURAGED_MAX } from '../limits.ts';

export class Discouraged {
  readonly #untilMs = new Map<string, number>();

  add(host: string, untilMs: number): void {
    this.#untilMs.delete(host);
    if (this.#untilMs.size >= DISCOURAGED_MAX) this.#untilMs.delete(this.#untilMs.keys().next().value!);
    this.#untilMs.set(host, untilMs);
  }

  has(host: string, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(host);
    if (untilMs === undefined) return false;
    if (nowMs < untilMs) return true;
    this.#untilMs.delete(host);
    return false;
  }

  get size(): number {
    return this.#untilMs.size;
  }
}
