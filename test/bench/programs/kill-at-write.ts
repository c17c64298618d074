/**
 * Loaded with `--import` before a program: counts each call that changes the file system or starts a process, and ends or
 * hinders the program at a certain one. Native code, as LevelDB's, is not seen.
 *
 * `PIER_AT`: `PROGRAM:K:HOW`. PROGRAM is the file name of the program it is meant for; others, as those it starts, run on.
 * HOW is `kill` (SIGKILL before call K), `torn` (call K writes half of its bytes, then SIGKILL), or `full` (from call
 * K on the disk is full). `PIER_COUNT` names a file that gets the number of calls.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

type Call = (...args: unknown[]) => unknown;
type Functions = Record<string, unknown>;

const [program, at, how] = (process.env.PIER_AT ?? '::').split(':');
const countFile = process.env.PIER_COUNT;
const CHANGING = [
  ...[
    'appendFile',
    'chmod',
    'copyFile',
    'fchmod',
    'fdatasync',
    'fsync',
    'ftruncate',
    'futimes',
    'link',
    'mkdir',
  ],
  ...[
    'mkdtemp',
    'rename',
    'rm',
    'rmdir',
    'symlink',
    'truncate',
    'unlink',
    'utimes',
    'write',
    'writeFile',
    'writev',
  ],
];
/** Those that need room on the disk. */
const GROWING = new Set([
  'appendFile',
  'copyFile',
  'link',
  'mkdir',
  'mkdtemp',
  'symlink',
  'write',
  'writeFile',
  'writev',
  'open',
]);
const write = fs.writeSync;
const append = fs.appendFileSync;
let count = 0;

function full(name: string): Error {
  return Object.assign(new Error(`ENOSPC: no space left on device, ${name}`), {
    code: 'ENOSPC',
    errno: -28,
    syscall: name,
  });
}

/** Called before each change. The error that it is to fail with, or null. */
function step(name: string, args: unknown[]): Error | null {
  // Pipes and terminals are no disk.
  if (/^write/.test(name) && typeof args[0] === 'number' && !isFile(args[0])) return null;
  count += 1;
  if (count < Number(at)) return null;
  if (how === 'full') return GROWING.has(name) ? full(name) : null;
  if (count > Number(at)) return null;
  if (how === 'torn' && name === 'write' && typeof args[0] === 'number') tear(args[0], args[1]);
  process.kill(process.pid, 'SIGKILL');
  // The signal comes at once; nothing more may happen until then.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return null;
}

function isFile(descriptor: number): boolean {
  const found = fs.fstatSync(descriptor);
  return found.isFile();
}

function tear(descriptor: number, content: unknown): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : (content as Uint8Array);
  write(descriptor, bytes.subarray(0, bytes.length >> 1));
}

function isChange(name: string, args: unknown[]): boolean {
  if (name !== 'open') return true;
  const flags = args[1];
  return typeof flags === 'number'
    ? (flags & 0x3) !== 0 || (flags & 0x240) !== 0
    : /[wa+]/.test(String(flags ?? 'r'));
}

/** Wraps functions of three forms: those that throw, those that call back, and those that promise. */
function wrap(target: Functions, key: string, name: string, form: 'sync' | 'callback' | 'promise'): void {
  const original = target[key] as Call | undefined;
  if (typeof original !== 'function') return;
  target[key] = function (this: unknown, ...args: unknown[]) {
    const error = isChange(name, args) ? step(name, args) : null;
    if (error === null) return original.apply(this, args);
    if (form === 'sync') throw error;
    if (form === 'promise') return Promise.reject(error);
    return process.nextTick(args.at(-1) as Call, error);
  };
}

if (program !== '' && basename(process.argv[1] ?? '') === program) {
  const all = fs as unknown as Functions;
  for (const name of [...CHANGING, 'open']) {
    wrap(all, `${name}Sync`, name, 'sync');
    wrap(all, name, name, 'callback');
    wrap(fs.promises as unknown as Functions, name, name, 'promise');
  }
  const handle = await fs.promises.open('/dev/null', 'r');
  const methods = Object.getPrototypeOf(handle) as Functions;
  await handle.close();
  for (const [key, name] of Object.entries({
    writeFile: 'writeFile',
    write: 'write',
    sync: 'fsync',
    datasync: 'fsync',
    truncate: 'ftruncate',
    chmod: 'fchmod',
  }))
    wrap(methods, key, name, 'promise');
  wrap(childProcess as unknown as Functions, 'spawn', 'spawn', 'sync');
  syncBuiltinESMExports();
  if (countFile !== undefined) process.on('exit', () => append(countFile, `${count}\n`));
}
