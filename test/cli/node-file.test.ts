import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findRunningNode, readNodeFile, standingOf } from '../../cli/node-file.ts';
import { killProcess, stopProcess } from '../../cli/testnet/processes.ts';
import { lockNodeFolder } from '../../node/node-lock.ts';
import { ownIdentity, type ProcessIdentity, presenceOf } from '../../node/process-identity.ts';

let dir: string;
let other: ChildProcess;
let identity: ProcessIdentity;

/** A process that says who it is, and lives until it is ended. */
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pier-node-'));
  other = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)', '--', '--data', dir]);
  await once(other.stdout!, 'data');
  const boot = ownIdentity().started!.split('/')[0];
  const stat = readFileSync(`/proc/${other.pid}/stat`, 'utf8');
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const command = readFileSync(`/proc/${other.pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  identity = { pid: other.pid!, started: `${boot}/${ticks}`, command };
});
afterEach(() => {
  other.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

const write = (name: string, file: object | string) =>
  writeFileSync(join(dir, name), typeof file === 'string' ? file : JSON.stringify(file));
const nodeFile = { rpc: 'http://127.0.0.1:1', node: '', chainId: '', p2p: null, startedAt: 0 };
const alive = () => other.exitCode === null && other.signalCode === null;

test('a process is itself, and nobody else', () => {
  expect(presenceOf(ownIdentity())).toBe('running');
  expect(presenceOf(identity)).toBe('running');
  // The pid came to somebody else: another start time, another command.
  expect(presenceOf({ ...identity, started: `${identity.started}0` })).toBe('gone');
  expect(presenceOf({ ...identity, command: [...identity.command!, 'x'] })).toBe('gone');
  expect(presenceOf({ ...identity, command: [`${identity.command!.join(' ')}`] })).toBe('gone');
  // After the machine was started again.
  expect(presenceOf({ ...identity, started: `x${identity.started}` })).toBe('gone');
  expect(presenceOf({ ...identity, pid: 2 ** 22 + 1 })).toBe('gone');
  for (const pid of [1, 0, -1, Number.NaN]) expect(presenceOf({ ...identity, pid })).toBe('gone');
  // What can't be told is not taken for either.
  expect(presenceOf({ ...identity, started: null })).toBe('unknown');
  expect(presenceOf({ ...identity, command: null })).toBe('unknown');
});

test.each([
  ['an earlier version, with a pid alone', () => ({ pid: other.pid })],
  ['a node whose pid somebody else has now', () => ({ ...identity, started: 'earlier' })],
  [
    'a node with the same command, started at another time',
    () => ({ ...identity, started: `${identity.started}1` }),
  ],
])('files of %s have nothing signalled', async (_, stale) => {
  write('node.json', { ...stale(), ...nodeFile });
  write('process.json', { ...stale(), launcher: null });
  expect(readNodeFile(dir)?.pid).toBe(other.pid);
  expect(await standingOf(dir)).toEqual({ state: 'down' });
  expect(await killProcess(dir)).toBeNull();
  expect(await stopProcess(dir)).toBe(false);
  expect(alive()).toBe(true);
});

test('the very process is found, asked and ended', async () => {
  write('node.json', { ...identity, ...nodeFile });
  write('process.json', { ...identity, launcher: null });
  expect(findRunningNode(dir)?.pid).toBe(other.pid);
  expect(await standingOf(dir)).toMatchObject({ state: 'running', file: { rpc: nodeFile.rpc } });
  const ended = once(other, 'exit');
  expect(await stopProcess(dir)).toBe(true);
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(findRunningNode(dir)).toBeNull();
});

test('a folder that is held by nobody who can be named is not down, and nothing is signalled', async () => {
  const lock = await lockNodeFolder(dir);
  try {
    write('process.json', { ...identity, started: 'another machine', launcher: null });
    expect(await standingOf(dir)).toMatchObject({ state: 'held' });
    await expect(stopProcess(dir)).rejects.toMatchObject({ code: 'UNKNOWN_PROCESS' });
    expect(alive()).toBe(true);
  } finally {
    lock.release();
  }
  expect(await standingOf(dir)).toEqual({ state: 'down' });
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
    write('node.json', text);
    expect(readNodeFile(dir), text).toBeNull();
  }
});
