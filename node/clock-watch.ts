/**
 * Owns what is said about the clock: blocks carry times, so a clock that is wrong, or was, stops a chain without any fault
 * of the ledger's. Pure.
 */
export interface ClockFacts {
  /** Local wall clock, milliseconds since 1970. */
  readonly wallMs: number;
  /** Time of the tip. */
  readonly tipMs: number;
  /** How far ahead of the local clock a block may be. */
  readonly futureMs: number;
  /** The clock's last jump, or null. */
  readonly jump: ClockJump | null;
}

export interface ClockJump {
  /** Wall clock after it. */
  readonly atMs: number;
  /** Positive: it was put forward, or the machine slept. */
  readonly byMs: number;
}

/** A smaller correction is the daily work of the system's time service. */
const JUMP_MS = 2_000;
const MINUTE_MS = 60_000;
/** A jump back is worth a word for so long. */
const JUMP_TOLD_MS = 10 * MINUTE_MS;

/** One sentence for people, or null if the clock holds nothing up. */
export function describeClock({ wallMs, tipMs, futureMs, jump }: ClockFacts): string | null {
  const aheadMs = tipMs - wallMs;
  const back = jump !== null && jump.byMs < 0 && wallMs - jump.atMs < JUMP_TOLD_MS ? jump : null;
  const put = back === null ? '' : `; the clock was put back by ${span(-back.byMs)}`;
  if (aheadMs > futureMs) {
    const from = new Date(tipMs - futureMs).toISOString();
    return `the last block is ${span(aheadMs)} ahead of this clock: no block can follow before ${from}${put}. Set the clock right, or wait until then`;
  }
  return null;
}

/** Finds jumps of the wall clock against one that only goes forward. */
export class ClockWatch {
  #offsetMs: number;
  last: ClockJump | null = null;

  constructor(wallMs: number, monotonicMs: number) {
    this.#offsetMs = wallMs - monotonicMs;
  }

  /** The jump since the last look, or null. */
  look(wallMs: number, monotonicMs: number): ClockJump | null {
    const byMs = wallMs - monotonicMs - this.#offsetMs;
    this.#offsetMs += byMs;
    if (Math.abs(byMs) < JUMP_MS) return null;
    this.last = { atMs: wallMs, byMs };
    return this.last;
  }
}

function span(ms: number): string {
  if (ms < 2 * MINUTE_MS) return `${Math.round(ms / 1000)} s`;
  return ms < 120 * MINUTE_MS ? `${Math.round(ms / MINUTE_MS)} min` : `${Math.round(ms / 3600_000)} h`;
}
