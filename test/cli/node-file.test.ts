import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findRunningNode, isNodeProcess, readNodeFile } from '../../cli/node-file.ts';
import { killProcess, stopProcess } from '../../cli/testnet/processes.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pier-node-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const write = (file: object | string) =>
  writeFileSync(join(dir, 'node.json'), typeof file === 'string' ? file : JSON.stringify(file));

test('a pid that the system has given to somebody else is never signalled', async () => {
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const pid = await new Promise<number>((resolve) => stranger.once('spawn', () => resolve(stranger.pid!)));
  let ended = false;
  const end = new Promise<void>((resolve) => {
    stranger.once('exit', () => {
      ended = true;
      resolve();
    });
  });
  write({ pid, rpc: 'http://127.0.0.1:1', node: '', chainId: '', p2p: null, startedAt: 0 });
  expect(readNodeFile(dir)?.pid).toBe(pid);
  expect(findRunningNode(dir)).toBeNull();
  expect(await killProcess(dir)).toBeNull();
  expect(await stopProcess(dir)).toBe(false);
  expect(ended).toBe(false);
  stranger.kill();
  await end;
});

test('a process whose command line names the folder is its node', async () => {
  const node = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', '--data', dir], {
    stdio: 'ignore',
  });
  const pid = await new Promise<number>((resolve) => node.once('spawn', () => resolve(node.pid!)));
  write({ pid, rpc: 'http://127.0.0.1:1', node: '', chainId: '', p2p: null, startedAt: 0 });
  const end = new Promise<NodeJS.Signals | null>((resolve) =>
    node.once('exit', (_, signal) => resolve(signal)),
  );
  expect(findRunningNode(dir)?.pid).toBe(pid);
  expect(isNodeProcess(pid, `${dir}-other`)).toBe(false);
  // The folder of node 1 begins that of node 10.
  expect(isNodeProcess(pid, dir.slice(0, -1))).toBe(false);
  expect(await stopProcess(dir)).toBe(true);
  expect(await end).toBe('SIGTERM');
  expect(findRunningNode(dir)).toBeNull();
});

test('no file, half a file, and a file of something else are no node', () => {
  expect(readNodeFile(dir)).toBeNull();
  for (const text of [
    '',
    '{"pid":',
    '[]',
    'null',
    '{"pid":"1","rpc":"http://x"}',
    '{"pid":1.5,"rpc":"x"}',
    '{"pid":7}',
  ]) {
    write(text);
    expect(readNodeFile(dir), text).toBeNull();
  }
  // The first process of the machine, and none at all.
  for (const pid of [1, 0, -1]) expect(isNodeProcess(pid, dir)).toBe(false);
});
