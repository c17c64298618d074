/**
 * Owns the lock of Linux: a listening Unix socket in the folder. The kernel closes it with its process; whoever can
 * connect to it sees a living holder.
 *
 * A dead socket's file stays, and to delete it is a race: it may be another one by then. So sockets are numbered,
 * `NAME.1`, `NAME.2` and so on. The highest number is the lock, numbers only go up, and a number is taken by link(2),
 * which never replaces. Whoever finds the highest dead takes the next number, and deletes dead ones well below it.
 *
 * Bounds: at most three files a lock, and one for each taker that was killed within its attempt, until the next.
 */
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, constants, linkSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

/** `sockaddr_un` has room for 108 bytes, one of which ends the path. */
const PATH_BYTES_MAX = 107;
/** Longer than any fight of takers for the next number. */
const ATTEMPTS = 20;
/** A holder whose event loop is busy is not waited for: that it lives is known without its answer. */
const ANSWER_MS = 200;
const ANSWER_BYTES_MAX = 200;
/** Anyone who can reach the folder may ask whether its lock is held; the folder's own mode keeps others out. */
const SOCKET_MODE = 0o666;
/** File systems without sockets or hard links: shared folders of some virtual machines, exFAT. */
const UNSUPPORTED = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EINVAL', 'EMLINK']);

/** A lock that is held. Release twice does no harm; the process may end without it. */
export interface FolderLock {
  release(): void;
}

/** The lock, or a word on its holder, null if it gave none. */
export type Taken = { readonly lock: FolderLock } | { readonly heldBy: string | null };

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

interface Place {
  readonly folder: string;
  readonly name: string;
  readonly descriptor: number;
}

async function takeNumber(place: Place, self: string): Promise<Taken> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const last = highestNumber(place);
    const holder = last === 0 ? 'dead' : await askHolder(addressOf(place, `${place.name}.${last}`));
    if (holder !== 'dead') return holder;
    const server = await claim(place, last + 1, self);
    if (server === null) continue;
    sweep(place, last + 1);
    return { lock: lockOf(server) };
  }
  return { heldBy: null };
}

/** The listening socket under that number, or null if somebody else was quicker. */
async function claim(place: Place, number: number, self: string): Promise<Server | null> {
  const { folder, name } = place;
  // It listens before it has its number: under a number, a socket that refuses is dead for good.
  const scratch = `${name}.x${randomBytes(8).toString('hex')}`;
  const own = join(folder, `${name}.${number}`);
  const server = await listen(addressOf(place, scratch), self);
  try {
    chmodSync(join(folder, scratch), SOCKET_MODE);
    linkSync(join(folder, scratch), own);
  } catch (error) {
    server.close();
    const { code } = error as NodeJS.ErrnoException;
    // ENOENT: another taker saw it before it listened, and swept it away.
    if (code === 'EEXIST' || code === 'ENOENT') return null;
    throw error;
  } finally {
    rmSync(join(folder, scratch), { force: true });
  }
  if (highestNumber(place) === number) return server;
  // What was seen as the highest is long past: others have gone on meanwhile.
  server.close();
  rmSync(own, { force: true });
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

/** Deletes what the dead left. The one before the last stays, for a taker that is reading the folder right now. */
function sweep({ folder, name }: Place, own: number): void {
  for (const file of readdirSync(folder)) {
    const number = numberOf(file, name);
    const old = number > 0 && number < own - 1;
    const scratch = file.startsWith(`${name}.x`) && isOlder(join(folder, file));
    // Earlier versions wrote a pid into a file of that name.
    if (old || scratch || file === name) rmSync(join(folder, file), { force: true });
  }
}

/** True if nobody can be about to use it. To err does no harm: its taker tries again. */
function isOlder(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.ctimeMs > 1_000;
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
      // ENOENT: a later number has replaced it; the next look at the folder shows that.
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

function lockOf(server: Server): FolderLock {
  return { release: () => void server.close() };
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
  const { dev, ino } = statSync(folder, { bigint: true });
  const key = createHash('sha256').update(`${dev}/${ino}/${name}`).digest('hex');
  const address = `\0pier-lock-${key}`;
  try {
    return { lock: lockOf(await listen(address, self)) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const holder = await askHolder(address);
    return holder === 'dead' ? { heldBy: null } : holder;
  }
}
