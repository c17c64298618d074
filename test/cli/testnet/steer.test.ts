/** The cookie of a node goes to that node, and to no other program that has its port. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type NodePlan, nodeDir } from '../../../cli/testnet/plan.ts';
import { steer } from '../../../cli/testnet/steer.ts';
import { ownIdentity } from '../../../node/process-identity.ts';

const dir = mkdtempSync(join(tmpdir(), 'pier-steer-'));
const heard: { method: string; cookie: string | undefined }[] = [];
let answersAs = '';
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { id, method } = JSON.parse(body);
  heard.push({ method, cookie: request.headers.authorization });
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { node: answersAs } }));
});
let node: NodePlan;
const identity = ownIdentity();
const write = (name: string, text: string) => writeFileSync(join(nodeDir(dir, 1), name), text);

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  node = { index: 1, rpcPort: port, p2pPort: 1 } as NodePlan;
  mkdirSync(nodeDir(dir, 1), { recursive: true });
  const rpc = `http://127.0.0.1:${port}`;
  write('node.json', JSON.stringify({ ...identity, rpc, node: 'aa', chainId: '', p2p: null, startedAt: 0 }));
  write('cookie', 'secret');
});
beforeEach(() => {
  heard.length = 0;
  write('process.json', JSON.stringify(identity));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

test('the node itself gets it, with the call', async () => {
  answersAs = 'aa';
  await steer(dir, node, 'lag', { ms: 5 });
  expect(heard).toEqual([
    { method: 'status', cookie: undefined },
    { method: 'lag', cookie: 'Bearer secret' },
  ]);
});

test('another node does not', async () => {
  answersAs = 'bb';
  await expect(steer(dir, node, 'lag', { ms: 5 })).rejects.toMatchObject({ code: 'NO_NODE' });
  expect(heard).toEqual([{ method: 'status', cookie: undefined }]);
});

test('whoever has the port of a node that is down is not even asked', async () => {
  answersAs = 'aa';
  write('process.json', JSON.stringify({ ...identity, started: 'earlier' }));
  await expect(steer(dir, node, 'lag', { ms: 5 })).rejects.toMatchObject({ code: 'NO_NODE' });
  expect(heard).toEqual([]);
});
