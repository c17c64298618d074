/** Commands that are killed, torn or out of space at their writes, as far as that is quick; `npm run soak -- writes` has all. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { bundleInto } from '../../cli/build.mjs';
import { Bench, preloadIn, type Trial } from '../soak/at-writes.ts';
import { keyTrials, testnetTrials } from '../soak/write-trials.ts';

const PATIENCE_MS = 300_000;
let programs: string;
let bench: Bench;

beforeAll(async () => {
  // Built beside the sources, so that packages are found.
  programs = mkdtempSync(join(tmpdir(), 'pier-programs-'));
  await bundleInto(programs, { 'kill-at-write': 'test/bench/programs/kill-at-write.ts' });
  bench = new Bench(inject('bundle'), preloadIn(programs));
});
afterAll(async () => {
  await bench.remove();
  rmSync(programs, { recursive: true, force: true });
});

describe.sequential('a command that is stopped at a write', { timeout: PATIENCE_MS }, () => {
  test('is stopped there: a trial can fail', async () => {
    const broken: Trial = {
      name: 'broken',
      command: ['key', 'new', 'a', '--dir', 'x'],
      next: ['key', 'show', 'a', '--dir', 'x'],
    };
    // Killed before its first write, there is no key, and what the next command says is no remedy.
    const { failures } = await bench.try(broken, 'kill');
    expect(failures[0]).toMatch(/^broken, kill at 1: /);
    bench.empty();
  });

  test.each(keyTrials())('$name', async (trial) => {
    for (const how of ['kill', 'full'] as const) {
      const { rounds, failures } = await bench.try(trial, how, how === 'kill' ? 3 : 6);
      expect(failures).toEqual([]);
      expect(rounds).toBeGreaterThan(1);
    }
    const left = readdirSync(join(bench.home, 't', 'keys'));
    expect(left.filter((name) => name.endsWith('.json')).length).toBeGreaterThan(0);
  });

  test('testnet start', async () => {
    const trial = testnetTrials(0).find(({ name }) => name === 'testnet start')!;
    const { rounds, failures } = await bench.try(trial, 'kill', 400, 9);
    expect(failures).toEqual([]);
    expect(rounds).toBe(1);
  });
});
