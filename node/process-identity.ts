/**
 * Owns which process is meant. A pid is given to others later; a pid with the time at which its process started, and
 * its exact arguments, is not.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the system's own words, for comparison only; null if the system does not tell. */
  readonly started: string | null;
  /** Program and arguments, exactly; null if the system does not tell. */
  readonly command: readonly string[] | null;
}

/**
 * `running`: it is this very process. `gone`: there is no such process any more; the pid may be somebody else's.
 * `unknown`: a process has this pid, and the system does not say since when. It must not be signalled.
 */
export type Presence = 'running' | 'gone' | 'unknown';

/** Of the process that calls. */
export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid) ?? { pid: process.pid, started: null, command: null };
}

/** Of the process that started it. */
export function parentIdentity(): ProcessIdentity | null {
  return identityOf(process.ppid);
}

/** Whether the process that was identified earlier still runs. */
export function presenceOf({ pid, started, command }: ProcessIdentity): Presence {
  if (!Number.isSafeInteger(pid) || pid <= 1 || !exists(pid)) return 'gone';
  const now = identityOf(pid);
  if (now === null) return 'gone';
  if (started === null || now.started === null) return 'unknown';
  if (now.started !== started) return 'gone';
  if (command === null || now.command === null) return 'unknown';
  return command.length === now.command.length && command.every((word, i) => word === now.command![i])
    ? 'running'
    : 'gone';
}

/** Another user's process exists too: to be refused is not to be told that there is none. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Null if there is no such process, or it has ended and was not collected yet. */
function identityOf(pid: number): ProcessIdentity | null {
  return process.platform === 'linux' ? identityOnLinux(pid) : identityByPs(pid);
}

/** proc(5): the start is field 22 of `stat`, in ticks since the boot, which has an id of its own. */
function identityOnLinux(pid: number): ProcessIdentity | null {
  const stat = read(`/proc/${pid}/stat`);
  const boot = read('/proc/sys/kernel/random/boot_id')?.trim();
  if (stat === null || boot === undefined) return { pid, started: null, command: null };
  // The name before the state may hold anything, also parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  const command = read(`/proc/${pid}/cmdline`);
  return {
    pid,
    started: `${boot}/${fields[19]}`,
    command: command === null ? null : command.replace(/\0$/, '').split('\0'),
  };
}

/** POSIX `ps`; its start time is of seconds, and its command is one line. Windows has none. */
function identityByPs(pid: number): ProcessIdentity | null {
  const ask = (field: string): string | null => {
    try {
      const args = ['-o', `${field}=`, '-p', String(pid)];
      const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC0' };
      return (
        execFileSync('ps', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] }).trim() ||
        null
      );
    } catch {
      return null;
    }
  };
  if (ask('state')?.startsWith('Z')) return null;
  const command = ask('command');
  return { pid, started: ask('lstart'), command: command === null ? null : [command] };
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
