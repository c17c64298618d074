import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, inject, it } from 'vitest';
import { WebSocket } from 'ws';
import { formatAddress } from '../../chain/format/address.ts';
import defaults from '../../genesis.json' with { type: 'json' };
import type { NodeInfo } from '../../node/node.ts';

const MINER = formatAddress(new Uint8Array(20).fill(1));
/** A block takes a few hundred hashes, and a half-life longer than any test. */
const GENESIS = {
  ...defaults,
  name: 'test',
  time: Date.now() - 60_000,
  limits: { ...defaults.limits, futureMs: 60_000 },
  difficulty: { bits: '1f7fffff', floorBits: '1f7fffff', targetMs: 1_000, halfLifeMs: 600_000 },
};

const root = mkdtempSync(join(tmpdir(), 'pier-node-'));
writeFileSync(join(root, 'genesis.json'), JSON.stringify(GENESIS));
const children: ChildProcess[] = [];
let folders = 0;
const makeFolder = (): string => join(root, String(++folders));

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => end(child, 'SIGKILL')));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function launch(data: string, ...options: string[]) {
  const program = fileURLToPath(new URL('node.js', inject('bundle')));
  const genesis = options.includes('--genesis') ? [] : ['--genesis', join(root, 'genesis.json')];
  const args = [program, '--data', data, ...genesis, '--rpc', '127.0.0.1:0', '--ready', ...options];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let errors = '';
  child.stderr!.on('data', (chunk) => {
    errors += chunk;
  });
  const exited = new Promise<{ code: number | null; errors: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, errors }));
  });
  const ready = new Promise<NodeInfo>((resolve, reject) => {
    child.stdout!.once('data', (chunk) => resolve(JSON.parse(String(chunk))));
    exited.then(({ errors: said }) => reject(new Error(`ended: ${said}`)));
  });
  ready.catch(() => {});
  return { child, exited, ready };
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('close', () => resolve());
    child.kill(signal);
  });
}

async function call({ rpc }: NodeInfo, method: string, params: object = {}, cookie?: string) {
  const response = await fetch(rpc, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(cookie && { authorization: `Bearer ${cookie}` }) },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return (await response.json()) as { result: Record<string, unknown>; error?: { code: number } };
}

/** Resolves at the first tip that `wanted` likes. */
async function waitForTip(
  info: NodeInfo,
  wanted: (tip: { height: number; id: string }) => boolean,
): Promise<void> {
  const socket = new WebSocket(`${info.rpc.replace('http', 'ws')}/ws`);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the node closed the stream')));
      socket.on('open', () =>
        socket.send('{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"topics":["tip"]}}'),
      );
      socket.on('message', async (data) => {
        const { id, params } = JSON.parse(String(data));
        if (id === 1) {
          const { height, tip } = (await call(info, 'status')).result as { height: number; tip: string };
          if (wanted({ height, id: tip })) resolve();
        } else if (wanted(params)) resolve();
      });
    });
  } finally {
    socket.removeAllListeners('close');
    socket.close();
  }
}

const MINING = ['--mine', MINER];

describe('a node', () => {
  it('says where it is, mines, stops in order, and goes on from where it was', async () => {
    const data = makeFolder();
    const first = launch(data, ...MINING);
    const info = await first.ready;
    expect(JSON.parse(readFileSync(join(data, 'node.json'), 'utf8'))).toEqual({ ...info, ready: undefined });
    expect(info).toMatchObject({ pid: first.child.pid, p2p: null });
    for (const name of ['node.json', 'cookie', 'identity', 'node.log']) {
      expect([name, statSync(join(data, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    expect(statSync(data).mode & 0o777).toBe(0o700);
    await waitForTip(info, ({ height }) => height >= 3);
    const cookie = readFileSync(join(data, 'cookie'), 'utf8');
    await call(info, 'mine', { address: null }, cookie);
    const before = (await call(info, 'status')).result;
    expect(before.mining).toBe(null);
    first.child.kill('SIGTERM');
    expect(await first.exited).toEqual({ code: 0, errors: '' });
    expect(existsSync(join(data, 'node.json'))).toBe(false);

    const second = await launch(data).ready;
    expect(second.node).toBe(info.node);
    // A block may have been on its way when mining was stopped.
    const kept = (await call(second, 'header', { height: before.height })).result;
    expect(kept).toMatchObject({ id: before.tip, stateRoot: before.stateRoot, active: true });
    expect(readFileSync(join(data, 'cookie'), 'utf8')).not.toBe(cookie);
    expect((await call(second, 'stop', {}, cookie)).error?.code).toBe(-32001);
  });

  it('stops when the RPC says so, and the answer still comes', async () => {
    const data = makeFolder();
    const { ready, exited } = launch(data, '--listen', '127.0.0.1:0', ...MINING);
    const info = await ready;
    const cookie = readFileSync(join(data, 'cookie'), 'utf8');
    expect((await call(info, 'stop', {}, cookie)).result).toEqual({ ok: true });
    expect((await exited).code).toBe(0);
  });

  it('survives being killed', async () => {
    const data = makeFolder();
    const { child, ready } = launch(data, ...MINING);
    await waitForTip(await ready, ({ height }) => height >= 5);
    await end(child, 'SIGKILL');
    const info = await launch(data).ready;
    expect((await call(info, 'status')).result.height).toBeGreaterThanOrEqual(5);
  });

  it('gets its ledger back from another node after it was lost', async () => {
    const miner = await launch(makeFolder(), '--listen', '127.0.0.1:0', ...MINING).ready;
    const data = makeFolder();
    const follower = launch(data, '--peer', miner.p2p!);
    await waitForTip(await follower.ready, ({ height }) => height >= 3);
    await end(follower.child, 'SIGTERM');
    rmSync(join(data, 'db', 'CURRENT'));
    const again = await launch(data, '--peer', miner.p2p!).ready;
    await waitForTip(again, ({ height }) => height >= 3);
    expect(readdirSync(data)).toContain('db.corrupt-1');
    expect(readFileSync(join(data, 'node.log'), 'utf8')).toContain('"event":"storeLost"');
  });

  it('counts what it does', async () => {
    const info = await launch(makeFolder(), ...MINING).ready;
    await waitForTip(info, ({ height }) => height >= 2);
    const metrics = await (await fetch(new URL('/metrics', info.rpc))).text();
    const read = (name: string) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(metrics)?.[1]);
    expect(read('pier_height')).toBeGreaterThanOrEqual(2);
    expect(read('pier_blocks_connected_total')).toBeGreaterThanOrEqual(2);
    expect(metrics).toMatch(/pier_rpc_calls_total\{method="status",outcome="ok"\} \d/);
  });
});

describe('a node that can not start says why and what to do', () => {
  it('when another uses its folder, which stays untouched', async () => {
    const data = makeFolder();
    const info = await launch(data).ready;
    const second = await launch(data).exited;
    expect(second.code).toBe(1);
    expect(second.errors).toContain('another node uses this folder');
    expect(second.errors).toContain('--data');
    expect(JSON.parse(readFileSync(join(data, 'node.json'), 'utf8')).pid).toBe(info.pid);
    expect((await call(info, 'status')).result.height).toBe(0);
  });

  it('when its folder belongs to another ledger', async () => {
    const data = makeFolder();
    const first = launch(data);
    await first.ready;
    await end(first.child, 'SIGTERM');
    const other = join(root, 'other.json');
    writeFileSync(other, JSON.stringify({ ...GENESIS, name: 'other' }));
    const { code, errors } = await launch(data, '--genesis', other).exited;
    expect([code, errors.includes('another ledger')]).toEqual([1, true]);
  });

  it('when its port is taken', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    for (const option of ['--listen', '--rpc']) {
      const { code, errors } = await launch(makeFolder(), option, `127.0.0.1:${port}`).exited;
      expect([code, errors.includes(`another with ${option}`)]).toEqual([1, true]);
    }
    await new Promise((resolve) => holder.close(resolve));
  });

  it.each([
    ['--mine', 'alice'],
    ['--hashrate', '1e3'],
    ['--peer', 'http://127.0.0.1:1'],
    ['--nonsense', 'x'],
  ])('when an option is wrong: %s %s', async (option, value) => {
    const { code, errors } = await launch(makeFolder(), option, value).exited;
    expect([code, errors.includes(option)]).toEqual([1, true]);
  });
});
