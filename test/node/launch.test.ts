/** The launcher with a real node: what it does when native code ends that node, and when it is ended itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { standingOf } from '../../cli/node-file.ts';
import { waitUntil } from '../../cli/testnet/wait.ts';
import { ENVIRONMENT, SafeLines, V8_FLAGS } from '../../node/launch.ts';
import { HAS_PTY } from '../cli/pty.ts';

const PATIENCE_MS = 60_000;
let dir: string;
let launcher: ChildProcess;
let said = '';

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pier-launch-'));
  said = '';
  const program = fileURLToPath(new URL('launcher.js', inject('bundle')));
  launcher = spawn(process.execPath, [program, '--data', dir, '--rpc', '127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  launcher.stderr!.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
});
afterEach(() => {
  launcher.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

/** The node's pid once it serves, and is another process than before. */
async function pidAfter(before: number): Promise<number> {
  let pid = before;
  const serves = async () => {
    const standing = await standingOf(dir);
    if (standing.state !== 'running' || standing.file === null) return false;
    pid = standing.process.pid;
    return pid !== before;
  };
  if (!(await waitUntil(serves, PATIENCE_MS))) throw new Error(`no node: ${said}`);
  return pid;
}

test('a crash is told and the node started again; the next moves the database aside', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  const first = await pidAfter(0);
  expect(first).not.toBe(launcher.pid);
  if (process.platform === 'linux') {
    const read = (what: string): string[] => readFileSync(`/proc/${first}/${what}`, 'utf8').split('\0');
    expect(read('environ')).toEqual(
      expect.arrayContaining(Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`)),
    );
    expect(read('cmdline')).toEqual(expect.arrayContaining(V8_FLAGS));
  }
  process.kill(first, 'SIGABRT');
  const second = await pidAfter(first);
  expect(said).toMatch(
    /native code ended the node \(SIGABRT\); it is started again with the database as it is/,
  );
  expect(existsSync(join(dir, 'db.corrupt-1'))).toBe(false);
  process.kill(second, 'SIGSEGV');
  const third = await pidAfter(second);
  expect(said).toContain(`its database is kept as ${join(dir, 'db.corrupt-1')}, and is made anew`);
  expect(readFileSync(join(dir, 'db.corrupt-1', 'REASON'), 'utf8')).toContain('again and again');
  expect(readFileSync(join(dir, 'node.log'), 'utf8').match(/"event":"crashed"/g)).toHaveLength(2);
  const { rpc } = JSON.parse(readFileSync(join(dir, 'node.json'), 'utf8'));
  expect(await (await fetch(`${rpc}/health`)).json()).toMatchObject({
    reason: expect.stringContaining('SIGSEGV'),
  });
  // From outside: nothing is wrong with the node.
  const ended = once(launcher, 'exit');
  process.kill(third, 'SIGKILL');
  expect(await ended).toEqual([137, null]);
  expect(await standingOf(dir)).toEqual({ state: 'down' });
});

test('a launcher that is killed takes its node with it; one that is told to end ends it in order', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  await pidAfter(0);
  launcher.kill('SIGKILL');
  expect(await waitUntil(async () => (await standingOf(dir)).state === 'down', PATIENCE_MS)).toBe(true);
  const program = fileURLToPath(new URL('launcher.js', inject('bundle')));
  launcher = spawn(process.execPath, [program, '--data', dir, '--rpc', '127.0.0.1:0'], { stdio: 'ignore' });
  const first = await pidAfter(0);
  // It has no terminal, as behind `nohup`. It goes on after the hangup, and so does its node.
  launcher.kill('SIGHUP');
  process.kill(first, 'SIGABRT');
  await pidAfter(first);
  const ended = once(launcher, 'exit');
  launcher.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(existsSync(join(dir, 'node.json'))).toBe(false);
});

test.skipIf(!HAS_PTY)(
  'a hangup changes nothing if a terminal is behind stdin alone',
  {
    timeout: 2 * PATIENCE_MS,
  },
  async () => {
    const ended = once(launcher, 'exit');
    launcher.kill('SIGTERM');
    await ended;
    // As `nohup` of BSD and macOS leaves it.
    const program = fileURLToPath(new URL('launcher.js', inject('bundle')));
    const command = `echo $$ > ${dir}/pid; exec ${process.execPath} ${program} --data ${dir} --rpc 127.0.0.1:0 >${dir}/out 2>&1`;
    launcher = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const first = await pidAfter(0);
    const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'));
    process.kill(pid, 'SIGHUP');
    process.kill(first, 'SIGABRT');
    await pidAfter(first);
    const over = once(launcher, 'exit');
    process.kill(pid, 'SIGTERM');
    expect(await over).toEqual([0, null]);
  },
);

test('what the node writes to stderr is passed on in whole lines that cannot steer a terminal', () => {
  const written: string[] = [];
  const lines = new SafeLines((text) => written.push(text));
  const log = '{"level":50,"text":"a \\"word\\" from \\u001b[2J"}';
  lines.add(`${log}\n    at one\x1b[2`);
  lines.add('J\r\ntwo\n\nthr');
  expect(written).toEqual([`${log}\n`, '    at one\\u{1b}[2J\\r\n', 'two\n', '\n']);
  lines.end();
  lines.end();
  lines.add('x'.repeat(9_000));
  expect(written.slice(4).map(({ length }) => length)).toEqual([4, 9_001]);
});
