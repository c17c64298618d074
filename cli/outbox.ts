/**
 * Owns the files in which the record of what was signed is kept: `outbox/` beside the keys, one file an account and
 * ledger, replaced as a whole and synced before anything signed leaves the process. What changes one holds its lock.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateDirectory, readFileIfThere, syncDirectory, writeFileAtomically } from '../node/files.ts';
import { isLockFile, LockHeldError, takeLock } from '../node/folder-lock.ts';
import type { FolderLock } from '../node/lock-socket.ts';
import { WALLET_ERRORS, WalletError } from '../wallet/errors.ts';
import {
  decodeOutbox,
  encodeOutbox,
  inOrder,
  type OutboxEntry,
  type OutboxFile,
  type Seen,
} from '../wallet/outbox.ts';
import { exclusively } from './exclusively.ts';
import { CliError } from './faults.ts';

/** Longer than a command takes that no node answers. */
const PATIENCE_MS = 60_000;
/** Of the chain id that is in a file's name. */
const ID_DIGITS = 16;
/** Of the account and of the chain id, in the name of the lock of a transaction. */
const LIFE_DIGITS = 8;
/** The locks of transactions in earlier versions, which any account sweeps away. */
const OLD_LIFE = /^[0-9a-f]{16}\.life/;
const SUFFIX = '.outbox';

export class Outbox {
  /** Address as text. */
  readonly account: string;
  /** Hex. */
  readonly chainId: string;
  readonly #folder: string;

  readonly #patienceMs: number;

  /** `directory` is the keyring's. */
  constructor(directory: string, account: string, chainId: string, patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
    this.#folder = join(directory, 'outbox');
    this.account = account;
    this.chainId = chainId;
  }

  /** What was signed and not seen settled, in the order of nonces. 'BAD_OUTBOX' if the file is damaged. */
  read(): readonly OutboxEntry[] {
    return this.#read()?.entries ?? [];
  }

  /** The account's nonce as it was proved last; null if nothing was signed yet. 'BAD_OUTBOX' likewise. */
  seen(): Seen | null {
    return this.#read()?.seen ?? null;
  }

  /** On disk, synced, when it returns. A proof on a chain with less work than the last one changes nothing about `seen`. */
  write(entries: readonly OutboxEntry[], proved: Seen | null = null): void {
    const { account, chainId } = this;
    const before = this.seen();
    const seen = before === null || (proved !== null && proved.work >= before.work) ? proved : before;
    const content = encodeOutbox({ account, chainId, seen, entries: inOrder(entries) });
    // What could not be read again must not be relied on.
    decodeOutbox(content);
    this.#makeFolder();
    writeFileAtomically(this.#path, content);
  }

  #read(): OutboxFile | null {
    const found = readFile(this.#path);
    if (found === null || nameOf(found) === this.#name) return found;
    throw damaged(this.#path, 'it is of another account or ledger');
  }

  /** A lock that shows that the command which signed `id` lives; null if it does. The caller releases it. */
  claim(id: string): Promise<FolderLock | null> {
    return takeIfFree(this.#folder, this.#lifeOf(id));
  }

  /**
   * Takes away what the locks of transactions have left that are not in the record any more. One that a command still
   * holds, since it follows its transaction, stays. Under the account's lock.
   */
  async sweep(): Promise<void> {
    const living = new Set(this.read().flatMap(({ signed }) => signed.map(({ key }) => this.#lifeOf(key))));
    const filesOf = (): string[] =>
      readdirSync(this.#folder).filter((file) => file.startsWith(this.#lives) || OLD_LIFE.test(file));
    const names = new Set(filesOf().flatMap((file) => /^(.*\.life)(?:\.|$)/.exec(file)?.slice(1) ?? []));
    for (const name of names) {
      if (living.has(name)) continue;
      const lock = await takeIfFree(this.#folder, name);
      for (const file of lock === null ? [] : filesOf()) {
        if (isLockFile(file, name)) rmSync(join(this.#folder, file), { force: true });
      }
      lock?.release();
    }
  }

  /** Runs `change` while no other command of this machine signs for the account. 'ACCOUNT_BUSY' after a minute. */
  async exclusively<T>(change: () => Promise<T>): Promise<T> {
    this.#makeFolder();
    const name = `${this.#name}.lock`;
    const doing = 'signs for this account';
    return exclusively({ folder: this.#folder, name, patienceMs: this.#patienceMs, doing }, change);
  }

  get #name(): string {
    return nameOf(this);
  }

  /** Beginning of the names of all such locks. It is short, since a socket's path has room for little more than 100 bytes. */
  get #lives(): string {
    return `${this.account.slice(-LIFE_DIGITS)}${this.chainId.slice(0, LIFE_DIGITS)}-`;
  }

  #lifeOf(id: string): string {
    return `${this.#lives}${id.slice(0, ID_DIGITS)}.life`;
  }

  get #path(): string {
    return join(this.#folder, `${this.#name}${SUFFIX}`);
  }

  #makeFolder(): void {
    makePrivateDirectory(this.#folder);
    syncDirectory(join(this.#folder, '..'));
  }
}

const nameOf = ({ account, chainId }: Pick<OutboxFile, 'account' | 'chainId'>): string =>
  `${account}-${chainId.slice(0, ID_DIGITS)}`;

async function takeIfFree(folder: string, name: string): Promise<FolderLock | null> {
  try {
    return await takeLock(folder, name);
  } catch (error) {
    if (error instanceof LockHeldError) return null;
    throw error;
  }
}

export interface DamagedOutbox {
  readonly path: string;
  /** Of the file's name; null if that names none. Nothing is signed for it. */
  readonly account: string | null;
  readonly fault: CliError;
}

/** All that a keyring has. One that is damaged hides no other. */
export function listOutboxes(directory: string): {
  readonly outboxes: readonly Outbox[];
  readonly damaged: readonly DamagedOutbox[];
} {
  const folder = join(directory, 'outbox');
  const outboxes: Outbox[] = [];
  const damaged: DamagedOutbox[] = [];
  for (const file of namesIn(folder).filter((name) => name.endsWith(SUFFIX))) {
    const path = join(folder, file);
    try {
      const found = readFile(path);
      if (found === null) continue;
      const name = nameOf(found);
      if (`${name}${SUFFIX}` !== file) throw misnamed(path, name);
      outboxes.push(new Outbox(directory, found.account, found.chainId));
    } catch (fault) {
      if (!(fault instanceof CliError)) throw fault;
      damaged.push({ path, account: /^(pier1[0-9a-z]+)-/.exec(file)?.[1] ?? null, fault });
    }
  }
  return { outboxes, damaged };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function readFile(path: string): OutboxFile | null {
  try {
    const bytes = readFileIfThere(path);
    return bytes === null ? null : decodeOutbox(bytes);
  } catch (error) {
    if (error instanceof WalletError) {
      throw damaged(path, error.message.replace(`${WALLET_ERRORS.BAD_OUTBOX}: `, ''));
    }
    if ('syscall' in (error as Error)) throw unreadable(path, (error as Error).message);
    throw error;
  }
}

/** The file may be whole. Deleting it could lead to a second payment, so the hint does not suggest that. */
function unreadable(path: string, why: string): CliError {
  const hint =
    'it says what was signed, so nothing more is signed for this account until it can be read again: keep it, and see to its permissions and the disk';
  return new CliError('BAD_OUTBOX', `${path} can't be read: ${why}`, hint);
}

function damaged(path: string, why: string): CliError {
  const hint =
    'it says what was signed, so nothing more is signed for this account: restore it, or delete it once nothing of the account waits';
  return new CliError('BAD_OUTBOX', `${path} is damaged: ${why}`, hint);
}

function misnamed(path: string, name: string): CliError {
  const hint = `if ${name}${SUFFIX} is there, this file is a copy of it: delete this one. If it is not, rename this file to it`;
  return new CliError('BAD_OUTBOX', `${path} is not used: its name should be ${name}${SUFFIX}`, hint);
}
