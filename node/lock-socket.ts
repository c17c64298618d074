/**
 * Owns the lock of Linux: a listening Unix socket in the folder. The kernel closes it with its process; whoever can
 * connect to it sees a living holder. It has a random name, and is deleted when the lock is released.
 *
 * Which socket is the lock is said by symbolic links with numbers: `NAME.1`, `NAME.2` and so on. The highest number counts,
 * numbers only go up, and a number is taken by symlink(2), which never replaces. Whoever finds the highest dead takes
 * the next. So nobody ever deletes what another may just have made. Only the file name in a link counts: a copy of the
 * folder has locks of its own.
 *
 * Bounds: two links a lock, and a socket for each process that was killed, until the next taker.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { basename, join } from 'node:path';

/** `sockaddr_un` has room for 108 bytes, one of which ends the path. */
const PATH_BYTES_MAX = 107;
/** `/proc/self/fd/NUMBER/`, by which a long path is reached; a descriptor has at most 7 digits (`fs.nr_open`). */
const PREFIX_BYTES_MAX = 22;
/** `.x` and 16 hex digits. */
const SUFFIX_BYTES = 18;
/** Of a lock's name. A longer one would not fit into a socket's path, and its takers could not see each other. */
const NAME_BYTES_MAX = PATH_BYTES_MAX - PREFIX_BYTES_MAX - SUFFIX_BYTES;
/** Longer than any fight of takers for the next number. */
const ATTEMPTS = 20;
/** A holder whose event loop is busy is not waited for: that it lives is known without its answer. */
const ANSWER_MS = 200;
const ANSWER_BYTES_MAX = 200;
/** Anyone who can reach the folder may ask whether its lock is held; the folder's own mode keeps others out. */
const SOCKET_MODE = 0o666;
/** File systems without sockets or symbolic links: shared folders of some virtual machines, exFAT. */
const UNSUPPORTED = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EINVAL']);

/** A lock that is held. Release twice does no harm; the process may end without it. */
export interface FolderLock {
  release(): void;
}

/** The lock, or a word on its holder, null if it gave none. */
export type Taken = { readonly lock: FolderLock } | { readonly heldBy: string | null };

/** Throws a RangeError for a name that has no room in a socket's path: that is a fault of the program. */
export function checkLockName(name: string): void {
  if (Buffer.byteLength(name) <= NAME_BYTES_MAX) return;
  throw new RangeError(`the lock name ${name} is longer than ${NAME_BYTES_MAX} bytes`);
}

/** Takes the lock, or says who has it. `self` is told to whoever asks. */
export async function takeSocketLock(folder: string, name: string, self: string): Promise<Taken> {
  // A long path is reached by way of its descriptor.
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await takeNumber({ folder, name, descriptor }, self);
  } catch (error) {
    if (!UNSUPPORTED.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return takeAbstract(folder, name, self);
  } finally {
    closeSync(descriptor);
  }
}

/** Who holds it, without taking it: null if nobody, '' if the holder does not say. */
export async function askSocketLock(folder: string, name: string): Promise<string | null> {
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const place = { folder, name, descriptor };
    const last = highestNumber(place);
    const holder = await (last === 0 ? askHolder(abstractAddress(folder, name)) : askNumber(place, last));
    return holder === 'dead' ? null : (holder.heldBy ?? '');
  } finally {
    closeSync(descriptor);
  }
}

interface Place {
  readonly folder: string;
  readonly name: string;
  readonly descriptor: number;
}

async function takeNumber(place: Place, self: string): Promise<Taken> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const last = highestNumber(place);
    const holder = last === 0 ? 'dead' : await askNumber(place, last);
    if (holder !== 'dead') return holder;
    const lock = await claim(place, last + 1, self);
    if (lock !== null) return { lock };
  }
  return { heldBy: null };
}

/** The lock of that number, or null if somebody else was quicker. */
async function claim(place: Place, number: number, self: string): Promise<FolderLock | null> {
  const { folder, name } = place;
  // It listens before it has its number: a socket that refuses under a number is dead for good.
  const socket = `${name}.x${randomBytes(8).toString('hex')}`;
  const server = await listen(addressOf(place, socket), self);
  const lock = lockOf(server, join(folder, socket));
  try {
    chmodSync(join(folder, socket), SOCKET_MODE);
    symlinkSync(socket, join(folder, `${name}.${number}`));
  } catch (error) {
    lock.release();
    const { code } = error as NodeJS.ErrnoException;
    // ENOENT: a quicker taker has swept the socket away.
    if (code === 'EEXIST' || code === 'ENOENT') return null;
    throw error;
  }
  if (highestNumber(place) === number) {
    sweep(place, number, socket);
    return lock;
  }
  // What was seen as the highest is long past: others have gone on meanwhile.
  lock.release();
  rmSync(join(folder, `${name}.${number}`), { force: true });
  return null;
}

function highestNumber({ folder, name }: Place): number {
  const numbers = readdirSync(folder).map((file) => numberOf(file, name));
  return Math.max(0, ...numbers);
}

/** The number in `NAME.12`, or 0. */
function numberOf(file: string, name: string): number {
  const text = file.startsWith(`${name}.`) ? file.slice(name.length + 1) : '';
  return /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : 0;
}

/** Deletes what the dead left. The link before stays, for a taker that is reading the folder right now. */
function sweep({ folder, name }: Place, own: number, socket: string): void {
  for (const file of readdirSync(folder)) {
    const number = numberOf(file, name);
    const old = number > 0 && number < own - 1;
    const dead = file !== socket && file.startsWith(`${name}.x`);
    // Earlier versions wrote a pid into a file of that name.
    if (old || dead || file === name) rmSync(join(folder, file), { force: true });
  }
}

/** Who holds the lock of that number. */
function askNumber(place: Place, number: number): Promise<'dead' | { heldBy: string | null }> {
  const link = join(place.folder, `${place.name}.${number}`);
  let target: string;
  try {
    target = basename(readlinkSync(link));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EINVAL: it is no link, so no lock. ENOENT: the next look at the folder shows a later one.
    if (code === 'EINVAL' || code === 'ENOENT') return Promise.resolve('dead');
    throw error;
  }
  return askHolder(addressOf(place, target));
}

/** 'dead', or who holds it. */
function askHolder(address: string): Promise<'dead' | { heldBy: string | null }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(address);
    const answer = (): void => {
      clearTimeout(timeout);
      socket.destroy();
      resolve({ heldBy: /^[\x20-\x7e]+$/.test(text) ? text : null });
    };
    const timeout = setTimeout(answer, ANSWER_MS);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1').slice(0, ANSWER_BYTES_MAX - text.length);
    });
    socket.on('end', answer);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timeout);
      // ENOENT: it was released.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve('dead');
      // EAGAIN: its queue is full, so it lives. ECONNRESET, EPIPE: it ended while it was asked.
      else if (['EAGAIN', 'ECONNRESET', 'EPIPE'].includes(error.code ?? '')) resolve({ heldBy: null });
      else reject(error);
    });
  });
}

function listen(address: string, self: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(self);
    });
    server.on('error', reject);
    server.listen(address, () => resolve(server));
    // A lock keeps no process alive.
    server.unref();
  });
}

/** `path` is the socket's file, if it has one. */
function lockOf(server: Server, path: string | null): FolderLock {
  const release = (): void => {
    server.close();
    held.delete(release);
    if (path !== null) rmSync(path, { force: true });
  };
  if (held.size === 0) process.off('exit', releaseAll).once('exit', releaseAll);
  held.add(release);
  return { release };
}

/** A process that ends in an orderly way leaves no socket behind: not every program that copies folders can copy one. */
const held = new Set<() => void>();
function releaseAll(): void {
  for (const release of [...held]) release();
}

function addressOf({ folder, descriptor }: Place, file: string): string {
  const path = join(folder, file);
  return Buffer.byteLength(path) <= PATH_BYTES_MAX ? path : `/proc/self/fd/${descriptor}/${file}`;
}

/**
 * Where the file system has no sockets: an abstract one, named by the folder's device and inode. It has no file and no
 * stale state, but containers with networks of their own don't see each other's.
 */
async function takeAbstract(folder: string, name: string, self: string): Promise<Taken> {
  const address = abstractAddress(folder, name);
  try {
    return { lock: lockOf(await listen(address, self), null) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const holder = await askHolder(address);
    return holder === 'dead' ? { heldBy: null } : holder;
  }
}

function abstractAddress(folder: string, name: string): string {
  const { dev, ino } = statSync(folder, { bigint: true });
  const key = createHash('sha256').update(`${dev}/${ino}/${name}`).digest('hex');
  return `\0pier-lock-${key}`;
}
