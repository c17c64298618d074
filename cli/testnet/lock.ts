/** Owns the turn-taking of commands that change one testnet: a file that names the process whose turn it is. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../faults.ts';

/** Runs `change` while no other command changes the testnet in `dir`. 'TESTNET_BUSY' if one is at it. */
export async function withLock<T>(dir: string, change: () => Promise<T>): Promise<T> {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, 'testnet.lock');
  take(path);
  try {
    return await change();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string): void {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    }
    if (isHeld(path)) break;
    // Its process was killed before it could take the file away.
    rmSync(path, { force: true });
  }
  const hint = 'wait for it, or stop it and try again';
  throw new CliError('TESTNET_BUSY', 'another command is changing this testnet', hint);
}

function isHeld(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    if (pid === process.pid) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}
