/**
 * Owns the files in which the record of what was signed is kept: `outbox/` beside the keys, one file an account and
 * ledger, replaced as a whole and synced before anything signed leaves the process. What changes one holds its lock.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateDirectory, readFileIfThere, syncDirectory, writeFileAtomically } from '../node/files.ts';
import { isLockFile, LockHeldError, takeLock, withFolderLock } from '../node/folder-lock.ts';
import type { FolderLock } from '../node/lock-socket.ts';
import { WalletError } from '../wallet/errors.ts';
import { decodeOutbox, encodeOutbox, inOrder, type OutboxEntry, type OutboxFile } from '../wallet/outbox.ts';
import { CliError } from './faults.ts';

/** Longer than a command takes that no node answers. */
const PATIENCE_MS = 60_000;
/** Of the chain id that is in a file's name. */
const ID_DIGITS = 16;
const SUFFIX = '.outbox';

export class Outbox {
  /** Address as text. */
  readonly account: string;
  /** Hex. */
  readonly chainId: string;
  readonly #folder: string;

  /** `directory` is the keyring's. */
  constructor(directory: string, account: string, chainId: string) {
    this.#folder = join(directory, 'outbox');
    this.account = account;
    this.chainId = chainId;
  }

  /** What was signed and not seen settled, in the order of nonces. 'BAD_OUTBOX' if the file is damaged. */
  read(): readonly OutboxEntry[] {
    const found = readFile(this.#path);
    if (found === null) return [];
    if (found.account === this.account && found.chainId === this.chainId) return found.entries;
    throw damaged(this.#path, 'it is of another account or ledger');
  }

  /** On disk, synced, when it returns. */
  write(entries: readonly OutboxEntry[]): void {
    const { account, chainId } = this;
    const content = encodeOutbox({ account, chainId, entries: inOrder(entries) });
    // What could not be read again must not be relied on.
    decodeOutbox(content);
    this.#makeFolder();
    writeFileAtomically(this.#path, content);
  }

  /** A lock that shows that the command which signed `id` lives; null if it does. The caller releases it. */
  async claim(id: string): Promise<FolderLock | null> {
    try {
      return await takeLock(this.#folder, lifeOf(id));
    } catch (error) {
      if (error instanceof LockHeldError) return null;
      throw error;
    }
  }

  /** Takes away what the locks of settled transactions have left. Call it while no other command signs. */
  sweep(ids: readonly string[]): void {
    const names = ids.map(lifeOf);
    for (const file of readdirSync(this.#folder)) {
      if (names.some((name) => isLockFile(file, name))) rmSync(join(this.#folder, file), { force: true });
    }
  }

  /** Runs `change` while no other command of this machine signs for the account. 'ACCOUNT_BUSY' after a minute. */
  async exclusively<T>(change: () => Promise<T>): Promise<T> {
    this.#makeFolder();
    try {
      return await withFolderLock(this.#folder, `${this.#name}.lock`, { waitMs: PATIENCE_MS }, change);
    } catch (error) {
      if (!(error instanceof LockHeldError)) throw error;
      const who = error.holder ?? 'another command';
      throw new CliError('ACCOUNT_BUSY', `${who} signs for this account`, 'wait for it, and try again');
    }
  }

  get #name(): string {
    return `${this.account}-${this.chainId.slice(0, ID_DIGITS)}`;
  }

  get #path(): string {
    return join(this.#folder, `${this.#name}${SUFFIX}`);
  }

  #makeFolder(): void {
    makePrivateDirectory(this.#folder);
    syncDirectory(join(this.#folder, '..'));
  }
}

const lifeOf = (id: string): string => `${id.slice(0, ID_DIGITS)}.life`;

/** All that a keyring has. 'BAD_OUTBOX' if one is damaged. */
export function listOutboxes(directory: string): Outbox[] {
  const folder = join(directory, 'outbox');
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const paths = names.filter((name) => name.endsWith(SUFFIX)).sort();
  return paths.flatMap((name) => {
    const found = readFile(join(folder, name));
    return found === null ? [] : [new Outbox(directory, found.account, found.chainId)];
  });
}

function readFile(path: string): OutboxFile | null {
  const bytes = readFileIfThere(path);
  if (bytes === null) return null;
  try {
    return decodeOutbox(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof WalletError) throw damaged(path, error.message);
    throw error;
  }
}

function damaged(path: string, why: string): CliError {
  const hint =
    'it says what was signed, so nothing more is signed: restore it, or, if nothing of this account waits, delete it';
  return new CliError('BAD_OUTBOX', `${path}: ${why}`, hint);
}
