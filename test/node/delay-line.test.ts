import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DelayLine, WAITING_OVERHEAD_BYTES } from '../../node/delay-line.ts';

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A line behind its handshake; `left` is what came out since, in order. */
function makeLine(delayMs: number): { line: DelayLine; left: number[]; push(...frames: number[]): void } {
  const left: number[] = [];
  const line = new DelayLine(delayMs, (bytes) => left.push(bytes[0]!));
  const push = (...frames: number[]): void => {
    for (const frame of frames) line.push(Uint8Array.of(frame, 0, 0));
  };
  push(100, 101);
  left.length = 0;
  return { line, left, push };
}

describe('a delay line', () => {
  it('holds nothing up and copies nothing while there is no delay', () => {
    const left: Uint8Array[] = [];
    const line = new DelayLine(0, (bytes) => left.push(bytes));
    const frames = [1, 2, 3, 4].map((frame) => Uint8Array.of(frame));
    for (const frame of frames) line.push(frame);
    expect(left.map((bytes, i) => bytes === frames[i])).toEqual([true, true, true, true]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets the frames of a handshake pass at once', () => {
    const left: number[] = [];
    const line = new DelayLine(1_000, (bytes) => left.push(bytes[0]!));
    for (const frame of [1, 2, 3]) line.push(Uint8Array.of(frame));
    expect(left).toEqual([1, 2]);
    vi.advanceTimersByTime(1_000);
    vi.advanceTimersByTime(1);
    expect(left).toEqual([1, 2, 3]);
  });

  it('counts empty frames too, of which a peer could send any number', () => {
    const { line } = makeLine(1_000);
    for (let i = 0; i < 10; i++) line.push(new Uint8Array(0));
    expect(line.waitingBytes).toBeGreaterThan(1_000);
  });

  it('lets each frame leave so much later than it came, in order', () => {
    const { line, left, push } = makeLine(1_000);
    push(1);
    vi.advanceTimersByTime(400);
    push(2, 3);
    expect(line.waitingBytes).toBe(3 * (3 + WAITING_OVERHEAD_BYTES));
    vi.advanceTimersByTime(599);
    expect(left).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(left).toEqual([1]);
    expect(line.waitingBytes).toBe(2 * (3 + WAITING_OVERHEAD_BYTES));
    vi.advanceTimersByTime(399);
    expect(left).toEqual([1]);
    vi.advanceTimersByTime(2);
    expect(left).toEqual([1, 2, 3]);
    expect(line.waitingBytes).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives a turn of the loop to each frame that leaves', () => {
    const { left, push } = makeLine(10);
    push(1, 2, 3);
    vi.advanceTimersToNextTimer();
    expect(left).toEqual([1]);
    vi.advanceTimersToNextTimer();
    expect(left).toEqual([1, 2]);
  });

  it('keeps the order when it is made shorter or longer meanwhile, for frames on their way too', () => {
    const { line, left, push } = makeLine(1_000);
    push(1);
    vi.advanceTimersByTime(200);
    push(2);
    line.setDelay(300);
    push(3);
    vi.advanceTimersByTime(100);
    expect(left).toEqual([1]);
    line.setDelay(2_000);
    push(4);
    vi.advanceTimersByTime(1_899);
    expect(left).toEqual([1]);
    vi.advanceTimersByTime(200);
    expect(left).toEqual([1, 2, 3, 4]);
  });

  it('that ends lets what waits go first, and never from within the call', () => {
    const { line, left, push } = makeLine(1_000);
    push(1, 2);
    line.setDelay(0);
    push(3);
    expect(left).toEqual([]);
    vi.runAllTimers();
    expect(left).toEqual([1, 2, 3]);
    push(4);
    expect(left).toEqual([1, 2, 3, 4]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that is emptied gives what waited, and has no timer left', () => {
    const { line, left, push } = makeLine(1_000);
    push(1, 2);
    expect(line.drain().map((bytes) => bytes[0])).toEqual([1, 2]);
    expect(line.waitingBytes).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(5_000);
    expect(left).toEqual([]);
    // What its owner brings about while a frame leaves may empty it, too.
    const seen: number[] = [];
    const own: DelayLine = new DelayLine(10, (bytes) => {
      seen.push(bytes[0]!);
      if (bytes[0] === 3) own.drain();
    });
    for (const frame of [1, 2, 3, 4]) own.push(Uint8Array.of(frame));
    vi.advanceTimersByTime(50);
    expect(seen).toEqual([1, 2, 3]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
