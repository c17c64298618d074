/**
 * A node that writes what steers a terminal into every string of every answer, for every command that reads: nothing of it
 * reaches the terminal, as text or as JSON, and no command breaks on it in another way than by a fault of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { formatAddress } from '../../chain/format/address.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { describeError } from '../../cli/faults.ts';
import { buildProgram } from '../../cli/program.ts';
import { err, out } from '../../cli/streams.ts';
import { Subscription } from '../../cli/subscription.ts';
import { type Json, LyingNode } from '../lying/lying-node.ts';
import { WAITING } from '../node/rpc/fake-stories.ts';
import { ALICE, DROPPED, FakeView, MINED, PENDING, RECORD_ID } from '../node/rpc/fake-view.ts';

const HOSTILE = '\x1b]0;PWNED\x07\x1b[2J\x9b31m\u202eEVIL\u2028\r\n\x7f\u{e0041}\ud800\u0301';
/** Whatever is not a line end of ours. */
const RANGES = ['\\x00-\\x09', '\\x0b-\\x1f', '\\x7f-\\x9f', '\\u2028\\u2029', '\\p{Cf}', '\\p{Cs}'];
const STEERING = new RegExp(`[${RANGES.join('')}]`, 'u');

const home = mkdtempSync(join(tmpdir(), 'pier-hostile-text-'));
const node = new LyingNode(new FakeView());
let url: string;
beforeAll(async () => {
  url = await node.listen();
});
afterAll(async () => {
  await node.stop();
  rmSync(home, { recursive: true, force: true });
});

/** The same with each string changed, at any depth. */
function changed(value: Json, change: (text: string, name: string) => string, name = ''): Json {
  if (typeof value === 'string') return change(value, name);
  if (Array.isArray(value)) return value.map((each) => changed(each, change, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, changed(each, change, key)]));
}

/** Fields whose form no reader can check: these are shown. */
const FREE = [
  'name',
  'version',
  'listen',
  'address',
  'agent',
  'message',
  'code',
  'hint',
  'memo',
  'mediaType',
  'kind',
  'next',
];
const PEER = { node: '5e'.repeat(32), address: 'ws://127.0.0.1:1', direction: 'in', height: 1, work: '1' };
const PEERS = [{ ...PEER, connectedMs: 1, pingMs: 1, agent: 'pier/0.1.0', bytesIn: 1, bytesOut: 1 }];
const withPeers = (method: string, result: Json): Json =>
  method === 'peers' ? { ...result, peers: PEERS } : result;

const LIES: Record<string, (method: string, result: Json) => Json> = {
  'every string replaced': (method, result) => changed(withPeers(method, result), () => HOSTILE),
  'every string longer': (method, result) => changed(withPeers(method, result), (text) => text + HOSTILE),
  'free text replaced': (method, result) =>
    changed(withPeers(method, result), (text, name) => (FREE.includes(name) ? HOSTILE : text)),
  'new names': (method, result) => ({ ...withPeers(method, result), [HOSTILE]: HOSTILE }),
};

const alice = formatAddress(ALICE);
const ids = [MINED, PENDING, DROPPED, WAITING].map(toHex);
const COMMANDS: string[][] = [
  ['status'],
  ['balance', alice],
  ['history', alice],
  ['block', 'tip'],
  ['block', '1'],
  ...ids.flatMap((id) => [
    ['tx', id],
    ['why', 'tx', id],
  ]),
  ['why', 'tip'],
  ['mempool'],
  ['peers'],
  ['forks'],
  ['record', 'get', toHex(RECORD_ID)],
  ['record', 'history', toHex(RECORD_ID)],
  ['record', 'list', alice],
  ['record', 'check', toHex(RECORD_ID), 'package.json'],
  ['recovery', 'status', alice],
  ['prove', 'balance', alice, '-o', join(home, 'proof')],
  ['prove', 'supply', '-o', join(home, 'proof')],
];

/** What a command writes: the bytes, and the lines for people before they were made safe. */
async function written(args: readonly string[]): Promise<{ raw: string; lines: string }> {
  let raw = '';
  let lines = '';
  const spies = [out, err].flatMap((stream) => {
    const text = stream.text.bind(stream);
    return [
      vi.spyOn(stream, 'raw').mockImplementation((data) => {
        raw += typeof data === 'string' ? data : new TextDecoder().decode(data);
      }),
      vi.spyOn(stream, 'text').mockImplementation((given) => {
        lines += given;
        text(given);
      }),
    ];
  });
  try {
    await buildProgram({ PIER_HOME: home }).parseAsync(['node', 'pier', ...args, '--node', url]);
  } catch (error) {
    const { code, message, hint } = describeError(error);
    expect(code, message).not.toBe('INTERNAL');
    err.text(`${code} ${message} ${hint}\n`);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return { raw, lines };
}

describe.each(Object.entries(LIES))('%s', (_name, lie) => {
  test.each(COMMANDS.map((args) => [args.slice(0, 2).join(' '), args] as const))(
    '%s',
    async (_command, args) => {
      node.lie = lie;
      for (const more of [[], ['--json'], ['--trust'], ['--trust', '--json']]) {
        const { raw, lines } = await written([...args, ...more]);
        expect(raw).not.toMatch(STEERING);
        expect(lines).not.toMatch(STEERING);
        expect(raw.length).toBeGreaterThan(0);
      }
    },
  );
});

test('a refusal that steers', async () => {
  const refusing = new LyingNode(new FakeView());
  refusing.answer = async (body) => {
    const asked = JSON.parse(body);
    const error = { code: -32000, message: HOSTILE.repeat(100), data: { code: HOSTILE, hint: HOSTILE } };
    const refuse = ({ id }: Json) => ({ jsonrpc: '2.0', id, error });
    return JSON.stringify(Array.isArray(asked) ? asked.map(refuse) : refuse(asked));
  };
  const honest = url;
  url = await refusing.listen();
  try {
    for (const args of COMMANDS) {
      for (const more of [[], ['--trust']]) {
        const { raw, lines } = await written([...args, ...more]);
        expect(raw + lines).not.toMatch(STEERING);
        expect(raw.length).toBeLessThan(4_000);
      }
    }
  } finally {
    url = honest;
    await refusing.stop();
  }
});

test('events that steer, or are no events, are never told', async () => {
  const id = 'ab'.repeat(32);
  const tip = { topic: 'tip', height: 5, id, time: 1, miner: alice, transactions: 1, stateRoot: id };
  const params: Json[] = [
    ...Object.keys(tip).map((name) => ({ ...tip, [name]: HOSTILE })),
    { topic: 'reorg', from: HOSTILE, to: id, depth: 1, connected: 1, forkHeight: 1 },
    { topic: 'transaction', id, status: HOSTILE, summary: {} },
    ...[null, 7, [], { topic: 'tip' }],
  ];
  const events = params.map((each) => JSON.stringify({ jsonrpc: '2.0', method: 'event', params: each }));
  let frame = '';
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => {
    socket.on('message', () => {
      socket.send(frame);
      socket.close();
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const tellOne = () => {
    const told: unknown[] = [];
    return new Promise<unknown[]>((resolve) => {
      const subscription: Subscription = new Subscription(() => `http://127.0.0.1:${port}`, ['tip'], {
        event: (event) => told.push(event),
        closed() {
          subscription.end();
          resolve(told);
        },
      });
    });
  };
  for (frame of [...events, 'not JSON', 'null', '[1]']) expect(await tellOne(), frame).toEqual([]);
  frame = JSON.stringify({ jsonrpc: '2.0', method: 'event', params: tip });
  expect(await tellOne()).toEqual([tip]);
  await new Promise((resolve) => server.close(resolve));
});
