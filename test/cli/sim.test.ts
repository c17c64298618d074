/** `pier sim` as a user runs it: worlds on threads of the built program. */
import { afterAll, expect, test } from 'vitest';
import { PierHome } from './run-pier.ts';

const home = new PierHome();
afterAll(() => home.remove());

test('the same seeds give the same worlds, in order, alone or many at a time', async () => {
  const together = await home.run(['sim', '--seed', '41', '--seeds', '3', '--minutes', '1', '--json']);
  expect(together.code).toBe(0);
  const reports = together.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(reports.map(({ seed, failure }) => [seed, failure])).toEqual([
    [41, null],
    [42, null],
    [43, null],
  ]);
  const alone = await home.run(['sim', '--seed', '42', '--minutes', '1', '--json']);
  expect(JSON.parse(alone.stdout)).toEqual(reports[1]);
});

test('a trace tells what happens, and the page what was done and what held', async () => {
  const { code, stdout, stderr } = await home.run(['sim', '--seed', '42', '--minutes', '1', '--trace']);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^ +\d+\.\d{3} s {2}tip /m);
  expect(stdout).toMatch(
    /^seed 42: \d+ nodes, \d+ minutes?\ndone to it .*\nadversaries .*\nhappened .*\npeople /,
  );
  expect(stdout).toContain('all held');
});

test('a fault nobody knows is named, with those that can be chosen', async () => {
  const { code, stderr } = await home.run(['sim', '--faults', 'cut,gremlin']);
  expect(code).not.toBe(0);
  expect(stderr).toContain('"gremlin"');
  expect(stderr).toContain('choose from: all, none, cut');
});
