import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FileLogger, openLog } from '../../node/logs.ts';

let folder: string;
let path: string;
let now: number;
let log: FileLogger;
const clock = { monotonicMs: () => now, wallMs: () => 1_790_000_000_000 + now };
const open = (bytesMax: number): FileLogger => openLog({ path, clock, bytesMax });
const lines = (file: string) =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pier-logs-'));
  path = join(folder, 'node.log');
  now = 0;
});
afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true });
});

it('writes an object a line, for its owner only', () => {
  log = open(10_000);
  log.info('tip', { height: 7 });
  log.warn('reorg');
  log.debug('quiet');
  expect(lines(path)).toEqual([
    { level: 30, at: 1_790_000_000_000, height: 7, event: 'tip' },
    { level: 40, at: 1_790_000_000_000, event: 'reorg' },
  ]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it('never takes more than twice its size, over restarts too, and keeps the newest', () => {
  for (let round = 0; round < 3; round++) {
    log = open(2_000);
    for (let i = 0; i < 200; i++) {
      now += 1_000;
      log.info('tip', { number: round * 200 + i });
    }
    if (round < 2) log.close();
  }
  expect(statSync(path).size).toBeLessThanOrEqual(2_000);
  expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(2_000);
  expect(existsSync(`${path}.2`)).toBe(false);
  const kept = [...lines(`${path}.1`), ...lines(path)].map(({ number }) => number);
  expect(kept.at(-1)).toBe(599);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 600 - kept.length + i));
});

it('lets one event come only so often, says how many were left out, and lets others through', () => {
  log = open(1_000_000);
  for (let i = 0; i < 10_000; i++) log.info('peerLost', { i });
  log.info('tip');
  expect(lines(path).filter(({ event }) => event === 'peerLost')).toHaveLength(100);
  expect(lines(path).at(-1).event).toBe('tip');
  now += 1_000;
  log.info('peerLost', { i: 10_000 });
  expect(lines(path).at(-1)).toMatchObject({ i: 10_000, left: 9_900 });
});

it('bounds what a field and the table of events take', () => {
  log = open(10_000_000);
  log.info('peerClosed', { reason: 'x'.repeat(1_000_000), code: 'A\nB' });
  expect(statSync(path).size).toBeLessThan(3_000);
  expect(lines(path)[0].code).toBe('A\nB');
  for (let i = 0; i < 5_000; i++) log.info(`name${i}`);
  expect(lines(path).length).toBeLessThan(1 + 200 + 101);
});

it('holds nothing that steers the terminal of whoever reads it', () => {
  log = open(10_000);
  log.info('peerClosed', { why: 'a\x1b[2J\x9b31m\u202e\nb' });
  expect(lines(path)[0]).toMatchObject({ why: 'a\\u{1b}[2J\\u{9b}31m\\u{202e}\nb' });
});
