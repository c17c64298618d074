import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import { bundleInto } from '../../cli/build.mjs';
import { holderOf, isLockFile, takeLock } from '../../node/folder-lock.ts';
import { checkLockName } from '../../node/lock-socket.ts';

const PATIENCE_MS = 20_000;
let built: string;
let dir: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  built = mkdtempSync(join(realpathSync(tmpdir()), 'pier-locks-'));
  await bundleInto(built, { lock: 'node/folder-lock.ts' });
});
afterAll(() => rmSync(built, { recursive: true, force: true }));
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pier-lock-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

/** A process that runs the code with `takeLock` and the folder's path as `dir`. */
function run(code: string): ChildProcess {
  const text = `import { takeLock } from ${JSON.stringify(join(built, 'lock.js'))};
    import { setTimeout as sleep } from 'node:timers/promises';
    import * as fs from 'node:fs';
    const dir = ${JSON.stringify(dir)};
    ${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function holder(): Promise<ChildProcess> {
  const child = run(`await takeLock(dir, 'a.lock'); console.log('held'); setInterval(() => {}, 1000);`);
  await once(child.stdout!, 'data');
  return child;
}

test('one holder at a time, within a process too; names are locks of their own', async () => {
  const lock = await takeLock(dir, 'a.lock');
  // A holder that is too busy to answer at once stays unnamed.
  const named = async () => (await takeLock(dir, 'a.lock').catch((error) => error)).holder;
  await expect.poll(named, { timeout: PATIENCE_MS }).toContain(`process ${process.pid} (`);
  (await takeLock(dir, 'b.lock')).release();
  lock.release();
  lock.release();
  (await takeLock(dir, 'a.lock')).release();
});

test('a lock ends with its process, even if it is killed', async () => {
  for (let round = 0; round < 3; round++) {
    const child = await holder();
    await expect(takeLock(dir, 'a.lock')).rejects.toMatchObject({ code: 'LOCKED' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    (await takeLock(dir, 'a.lock')).release();
  }
  expect(readdirSync(dir).length).toBeLessThanOrEqual(3);
  expect(readdirSync(dir).every((name) => isLockFile(name, 'a.lock'))).toBe(true);
});

test('a process that is stopped still holds its lock; who waits gets it at the end', async () => {
  const child = await holder();
  child.kill('SIGSTOP');
  await expect(takeLock(dir, 'a.lock')).rejects.toMatchObject({ code: 'LOCKED' });
  let waited: string | null | undefined;
  const taking = takeLock(dir, 'a.lock', {
    waitMs: PATIENCE_MS,
    onWait(who) {
      waited = who;
      child.kill('SIGKILL');
    },
  });
  (await taking).release();
  expect(waited).toBeNull();
});

test('all paths to a folder are one lock; a path may be long', async () => {
  const deep = join(dir, 'x'.repeat(100), 'y'.repeat(100));
  mkdirSync(deep, { recursive: true });
  symlinkSync(deep, join(dir, 'short'));
  const lock = await takeLock(deep, 'a.lock');
  await expect(takeLock(join(dir, 'short'), 'a.lock')).rejects.toMatchObject({ code: 'LOCKED' });
  lock.release();
  (await takeLock(join(dir, 'short'), 'a.lock')).release();
});

test('a copy of a folder is not locked by the original, and a folder at rest can be copied', async () => {
  const lock = await takeLock(dir, 'a.lock');
  const links = readdirSync(dir).filter((name) => lstatSync(join(dir, name)).isSymbolicLink());
  const copy = join(dir, 'copy');
  mkdirSync(copy);
  for (const name of links) symlinkSync(join(dir, readlinkSync(join(dir, name))), join(copy, name));
  (await takeLock(copy, 'a.lock')).release();
  lock.release();
  const whole = `${dir}-copy`;
  try {
    cpSync(dir, whole, { recursive: true });
    (await takeLock(whole, 'a.lock')).release();
  } finally {
    rmSync(whole, { recursive: true, force: true });
  }
});

test('files that hold nothing keep nobody out', async () => {
  // An earlier version's, with the pid of a living process; and what has the form of a lock and is none.
  writeFileSync(join(dir, 'a.lock'), String(process.pid));
  writeFileSync(join(dir, 'a.lock.7'), '');
  writeFileSync(join(dir, 'a.lock.99999999999999999999'), '');
  mkdirSync(join(dir, 'a.lock.xyz'));
  rmSync(join(dir, 'a.lock.xyz'), { recursive: true });
  (await takeLock(dir, 'a.lock')).release();
  expect(existsSync(join(dir, 'a.lock'))).toBe(false);
});

test('a folder that is not there, and one that is a file, are said as they are', async () => {
  await expect(takeLock(join(dir, 'none'), 'a.lock')).rejects.toMatchObject({ code: 'ENOENT' });
  writeFileSync(join(dir, 'file'), '');
  await expect(takeLock(join(dir, 'file'), 'a.lock')).rejects.toMatchObject({ code: 'ENOTDIR' });
});

test('takers that race, some of them killed while they hold it, are never two at a time', async () => {
  // Each puts a mark into the folder while it holds the lock, which must not be there before.
  const code = `
    for (let i = 0; i < 30; i++) {
      const lock = await takeLock(dir, 'a.lock', { waitMs: ${PATIENCE_MS} });
      try { fs.writeFileSync(dir + '/mark', String(process.pid), { flag: 'wx' }); }
      catch (error) { fs.writeFileSync(dir + '/two', error.message); }
      fs.appendFileSync(dir + '/turns', '.');
      if (i % 10 === 5) await sleep(1);
      fs.rmSync(dir + '/mark', { force: true });
      if (i === DIES) process.kill(process.pid, 'SIGKILL');
      lock.release();
    }`;
  const takers = [29, 29, 99, 99].map((dies) => run(code.replace('DIES', String(dies))));
  await Promise.all(takers.map((taker) => once(taker, 'exit')));
  expect(existsSync(join(dir, 'two'))).toBe(false);
  expect(readFileSync(join(dir, 'turns'), 'utf8').length).toBe(120);
});

test('a name fits into the path of a socket, wherever the folder is, and a longer one is refused', async () => {
  const deep = join(dir, 'd'.repeat(120));
  mkdirSync(deep);
  const name = `${'n'.repeat(62)}.lock`;
  const lock = await takeLock(deep, name);
  expect(readdirSync(deep).filter((file) => isLockFile(file, name))).toHaveLength(2);
  await expect(takeLock(deep, name)).rejects.toThrow('is in use');
  lock.release();
  for (const use of [takeLock, holderOf]) await expect(use(dir, `n${name}`)).rejects.toThrow(RangeError);
  // The longest one that is used.
  const address = formatAddress(new Uint8Array(20));
  expect(() => checkLockName(`${address}-${'0'.repeat(16)}.lock`)).not.toThrow();
});
