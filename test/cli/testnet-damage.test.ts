/** Testnets whose files are damaged or gone: what goes on, and what is said. */
import { rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../../cli/testnet/wait.ts';
import { PierHome } from './run-pier.ts';

const PATIENCE_MS = 120_000;
const home = new PierHome();
const dir = join(home.path, 'testnet');
const at = (...names: string[]) => join(dir, ...names);
const START = ['testnet', 'start', '--detach'];

describe.sequential('a testnet', { timeout: 3 * PATIENCE_MS }, () => {
  let chainId: string;
  beforeAll(async () => {
    const size = ['--nodes', '2', '--block-time', '300', '--base-port', '0'];
    ({ chainId } = await home.json([...START, ...size]));
  }, PATIENCE_MS);
  afterAll(async () => {
    await home.run(['testnet', 'stop']);
    home.remove();
  }, PATIENCE_MS);

  test('is one, whatever path leads to it', async () => {
    const link = join(home.path, 'link');
    symlinkSync(home.path, link);
    const other = ['--dir', join(link, 'testnet')];
    expect((await home.json(['testnet', 'status', ...other])).nodes).toMatchObject([
      { up: true },
      { up: true },
    ]);
    expect(await home.faultCode([...START, '--fresh', ...other])).toBe('ALREADY_RUNNING');
    expect(await home.json(['testnet', 'stop', ...other])).toEqual({ stopped: 2 });
    expect((await home.json([...START, ...other])).dir).toBe(dir);
  });

  test.each([
    ['empty', () => writeFileSync(at('testnet.json'), '')],
    ['cut off', () => truncateSync(at('testnet.json'), 40)],
    ['gone', () => rmSync(at('testnet.json'))],
    ['something else', () => writeFileSync(at('testnet.json'), '{"nodes":[{}],"version":1}')],
  ])('whose testnet.json is %s is stopped, and goes on with its ledger', async (_, damage) => {
    damage();
    expect((await home.json(['balance', 'faucet'])).balance).toBe('1000000');
    expect(await home.json(['testnet', 'stop'])).toEqual({ stopped: 2 });
    expect((await home.json(START)).chainId).toBe(chainId);
  });

  test('that lost the store of one node has it back from the other', async () => {
    await home.json(['testnet', 'stop']);
    writeFileSync(at('node-1', 'db', 'CURRENT'), '');
    await home.json(START);
    const { nodes } = await home.json(['testnet', 'status']);
    expect(nodes[0].height).toBeGreaterThan(1);
  });

  test('that lost all its blocks does not begin anew unasked', async () => {
    const reached = (await home.json(['status'])).height;
    await home.json(['testnet', 'stop']);
    for (const name of ['node-1', 'node-2']) rmSync(at(name), { recursive: true });
    const { code, stdout } = await home.run([...START, '--json']);
    expect(code).toBe(1);
    const { error } = JSON.parse(stdout);
    expect(error).toMatchObject({ code: 'LEDGER_LOST', hint: expect.stringContaining('--fresh') });
    expect(Number(/block (\d+)/.exec(error.message)![1])).toBeGreaterThanOrEqual(reached);
    expect((await home.json(['testnet', 'status'])).nodes.some(({ up }: { up: boolean }) => up)).toBe(false);
    expect((await home.json([...START, '--fresh', '--nodes', '2', '--base-port', '0'])).chainId).not.toBe(
      chainId,
    );
    expect(await waitUntil(async () => (await home.json(['status'])).height > 0, PATIENCE_MS)).toBe(true);
  });
});
