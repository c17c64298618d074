import { afterEach, expect, test, vi } from 'vitest';
import { MemoryKeeper } from '../../node/memory-keeper.ts';

const MIB = 1024 * 1024;

/** A process whose memory the test says; `collect` does what it is told. */
function setUp(collect: (world: { bytes: number }) => void = () => {}, live = 12 * MIB) {
  const world = { bytes: 70 * MIB, nowMs: 0, collected: 0 };
  const keeper = new MemoryKeeper({
    resident: () => world.bytes,
    nowMs: () => world.nowMs,
    collect() {
      world.collected++;
      collect(world);
      return live;
    },
  });
  const look = (times = 1): void => {
    for (let i = 0; i < times; i++) {
      keeper.look();
      world.nowMs += 5_000;
    }
  };
  keepers.push(keeper);
  return { world, look };
}
const keepers: MemoryKeeper[] = [];
afterEach(() => {
  for (const keeper of keepers.splice(0)) keeper.stop();
});

test('nothing is collected while nothing is to be had, nor in a burst', () => {
  const { world, look } = setUp();
  look(20);
  world.bytes += 7 * MIB;
  look(20);
  for (let i = 0; i < 20; i++) {
    world.bytes += 10 * MIB;
    look();
  }
  expect(world.collected).toBe(0);
});

test('after a burst it collects until all is back', () => {
  const { world, look } = setUp((process) => {
    process.bytes = Math.max(72 * MIB, process.bytes - 40 * MIB);
  });
  look();
  world.bytes = 200 * MIB;
  look(10);
  expect([world.collected, world.bytes]).toEqual([4, 72 * MIB]);
});

test('what has grown for good is collected less often', () => {
  const { world, look } = setUp();
  look();
  world.bytes = 200 * MIB;
  look(720);
  expect(world.collected).toBeLessThan(130);
});

test('after a long burst, which no collection helped against, memory is back within a minute', () => {
  let isOver = false;
  const { world, look } = setUp((process) => {
    if (isOver) process.bytes = Math.max(72 * MIB, process.bytes - 60 * MIB);
  });
  look();
  world.bytes = 200 * MIB;
  look(720);
  isOver = true;
  look(12);
  expect(world.bytes).toBe(72 * MIB);
});

test('a large heap, whose collection takes long, is collected rarely, though that gives something back', () => {
  const { world, look } = setUp((process) => {
    process.bytes -= 3 * MIB;
  }, 100 * MIB);
  look();
  world.bytes = 500 * MIB;
  look(720);
  expect(world.collected).toBeLessThanOrEqual(7);
});

test('it looks by itself', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const { world } = setUp();
    vi.advanceTimersByTime(6_000);
    world.bytes = 200 * MIB;
    vi.advanceTimersByTime(20_000);
    expect(world.collected).toBeGreaterThan(0);
  } finally {
    vi.useRealTimers();
  }
});
