import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, inject, test } from 'vitest';
import defaults from '../../genesis.json' with { type: 'json' };
import { readConfig } from '../../node/config.ts';
import { startNode } from '../../node/node.ts';

const root = mkdtempSync(join(tmpdir(), 'pier-start-'));
const data = join(root, 'node');
const genesis = join(root, 'genesis.json');
writeFileSync(genesis, JSON.stringify(defaults));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const start = (listen: string) =>
  startNode(
    readConfig({ data, genesis, rpc: '127.0.0.1:0', listen }),
    new URL('miner-worker.js', inject('bundle')),
  );

/** A port that nobody listens on, below those that systems give to `:0`: no other test gets it meanwhile. */
async function freePort(): Promise<number> {
  for (let port = 20_000 + (process.pid % 10_000); ; port++) {
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

const OPEN = '/proc/self/fd';
const descriptors = (): number => (existsSync(OPEN) ? readdirSync(OPEN).length : 0);

test('a start that fails at any part lets go of port, folder and files', async () => {
  const listen = `127.0.0.1:${await freePort()}`;
  const first = await start(listen);
  first.stop();
  await first.ended;
  const before = descriptors();
  for (const name of ['addresses', 'cookie', 'identity']) {
    rmSync(join(data, name), { force: true });
    mkdirSync(join(data, name));
    await expect(start(listen)).rejects.toThrow();
    rmSync(join(data, name), { recursive: true });
  }
  expect(descriptors()).toBeLessThanOrEqual(before);
  const again = await start(listen);
  again.stop();
  await again.ended;
});
