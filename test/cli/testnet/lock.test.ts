import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { wipeTestnet } from '../../../cli/testnet/create.ts';
import { withLock } from '../../../cli/testnet/lock.ts';
import { choosePorts, isFree } from '../../../cli/testnet/ports.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pier-lock-'));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('one change at a time; the next may go on after a failure', async () => {
  await withLock(dir, async () => {
    await expect(withLock(dir, async () => {})).rejects.toMatchObject({ code: 'TESTNET_BUSY' });
  });
  await expect(
    withLock(dir, async () => {
      throw new Error('broken');
    }),
  ).rejects.toThrow('broken');
  expect(await withLock(dir, async () => 'done')).toBe('done');
});

test('the lock of a process that was killed is no lock', async () => {
  // No process has a pid beyond the largest that systems give.
  writeFileSync(join(dir, 'testnet.lock'), '99999999');
  expect(await withLock(dir, async () => 'done')).toBe('done');
});

test('only what a testnet made is ever wiped', () => {
  writeFileSync(join(dir, 'thesis.txt'), 'years of work');
  expect(() => wipeTestnet(dir)).toThrow('thesis.txt');
  rmSync(join(dir, 'thesis.txt'));
  writeFileSync(join(dir, 'testnet.json'), '{}');
  wipeTestnet(dir);
  expect(() => wipeTestnet(dir)).not.toThrow();
});

test('ports that are taken are left out', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  expect(await isFree(port)).toBe(false);
  const pairs = await choosePorts(port, 3);
  expect(pairs).toHaveLength(3);
  const chosen = pairs.flatMap(({ rpcPort, p2pPort }) => [rpcPort, p2pPort]);
  expect(new Set(chosen).size).toBe(6);
  expect(chosen).not.toContain(port);
  await new Promise((resolve) => server.close(resolve));
});
