import { randomBytes } from 'node:crypto';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { toHex } from '../../chain/format/bytes.ts';
import { nodeKdf } from '../../cli/kdf.ts';
import { DirectoryKeyFiles } from '../../cli/keyring-files.ts';
import { takeLock } from '../../node/folder-lock.ts';
import { Keyring, type SpareKey } from '../../wallet/keyring.ts';
import { walletFault } from '../wallet/faults.ts';

let base: string;
let directory: string;
let files: DirectoryKeyFiles;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pier-keys-'));
  directory = join(base, 'a', 'keys');
  files = new DirectoryKeyFiles(directory);
});
afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

const modeOf = async (path: string): Promise<number> => (await lstat(path)).mode & 0o777;
/** A clock that goes on by `ms` each time it is read. */
function stepping(ms: number): () => number {
  let now = 0;
  return () => {
    now += ms;
    return now;
  };
}
const some = (byte: number): Uint8Array => new Uint8Array(100).fill(byte);

describe('the files of a keyring', () => {
  test('are there for their owner alone, and come back as written', async () => {
    expect(await files.list()).toEqual([]);
    expect(await files.read('alice')).toBeUndefined();
    expect(await files.write('alice', some(1))).toBe(true);
    expect(await files.read('alice')).toEqual(some(1));
    expect(await files.list()).toEqual(['alice']);
    expect(await modeOf(directory)).toBe(0o700);
    expect(await modeOf(join(directory, 'alice.json'))).toBe(0o600);
  });

  test('are never written over, and leave nothing behind', async () => {
    await files.write('alice', some(1));
    expect(await files.write('alice', some(2))).toBe(false);
    expect(await files.read('alice')).toEqual(some(1));
    expect(await readdir(directory)).toEqual(['alice.json']);
  });

  test('of many writers of one name exactly one wins, whole', async () => {
    const won = await Promise.all(Array.from({ length: 20 }, (_, i) => files.write('alice', some(i))));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await files.read('alice')).toEqual(some(won.indexOf(true)));
    expect(await readdir(directory)).toEqual(['alice.json']);
  });

  test('that others can reach are refused, with the command that mends it', async () => {
    await files.write('alice', some(1));
    const path = join(directory, 'alice.json');
    for (const mode of [0o644, 0o640, 0o604, 0o620, 0o601]) {
      await chmod(path, mode);
      const fault = await walletFault(() => files.read('alice'));
      expect(fault.code).toBe('INSECURE_KEY_FILE');
      expect(fault.hint).toBe(`chmod 600 ${path}`);
    }
    await chmod(path, 0o600);
    expect(await files.read('alice')).toEqual(some(1));
  });

  test('are not put where others could swap them', async () => {
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o755);
    const fault = await walletFault(() => files.write('alice', some(1)));
    expect(fault.code).toBe('INSECURE_KEY_FILE');
    expect(fault.hint).toBe(`chmod 700 ${directory}`);
    expect(await readdir(directory)).toEqual([]);
  });

  test('are files: not links, directories or anything huge', async () => {
    await files.write('alice', some(1));
    await symlink(join(directory, 'alice.json'), join(directory, 'link.json'));
    await mkdir(join(directory, 'folder.json'), { mode: 0o700 });
    await writeFile(join(directory, 'huge.json'), new Uint8Array(16 * 1024 + 1), { mode: 0o600 });
    for (const [name, reason] of [
      ['link', 'symbolic link'],
      ['folder', 'not a file'],
      ['huge', 'larger than'],
    ] as const) {
      const fault = await walletFault(() => files.read(name));
      expect(fault.code).toBe('BAD_KEY_FILE');
      expect(fault.message).toContain(reason);
    }
  });

  test('what a crash left behind is not listed', async () => {
    await files.write('alice', some(1));
    await writeFile(join(directory, '.bob.0011.tmp'), 'half a k');
    await writeFile(join(directory, 'bob.json.001122334455.tmp'), 'half a k');
    await writeFile(join(directory, '.bob.json'), '');
    await writeFile(join(directory, 'notes.txt'), '');
    expect(await files.list()).toEqual(['alice']);
  });

  test('keep the old key and the new one through a swap, wherever it is cut', async () => {
    await files.write('alice', some(1));
    expect(await files.writeSpare('alice', 'next-2', some(2))).toBe(true);
    expect(await files.writeSpare('alice', 'next-2', some(3))).toBe(false);
    expect([await files.list(), await files.listSpares('alice'), await files.listSpares('ali')]).toEqual([
      ['alice'],
      ['next-2'],
      [],
    ]);
    // As after a crash between the two steps.
    await link(join(directory, 'alice.json'), join(directory, 'alice.old-1.spare'));
    expect(await files.read('alice')).toEqual(some(1));
    await files.swap('alice', 'next-2', 'old-1');
    expect([await files.read('alice'), await files.readSpare('alice', 'old-1')]).toEqual([some(2), some(1)]);
    const left = (await readdir(directory)).filter((name) => !name.startsWith('keyring.lock'));
    expect(left.sort()).toEqual(['alice.json', 'alice.old-1.spare']);
    expect(await modeOf(join(directory, 'alice.old-1.spare'))).toBe(0o600);
    await files.swap('alice', 'old-1', 'next-2');
    expect([await files.read('alice'), await files.listSpares('alice')]).toEqual([some(1), ['next-2']]);
    await expect(files.swap('alice', 'old-1', 'next-1')).rejects.toThrow('ENOENT');
    expect(await files.read('alice')).toEqual(some(1));
  });

  test('never lose a key to a swap whose label another key has', async () => {
    await files.write('alice', some(1));
    await files.writeSpare('alice', 'next-2', some(2));
    await files.writeSpare('alice', 'old-1', some(3));
    const fault = await walletFault(() => files.swap('alice', 'next-2', 'old-1'));
    expect([fault.code, fault.hint]).toEqual(['KEY_EXISTS', expect.stringContaining('nothing was changed')]);
    const kept = [files.read('alice'), files.readSpare('alice', 'next-2'), files.readSpare('alice', 'old-1')];
    expect(await Promise.all(kept)).toEqual([some(1), some(2), some(3)]);
    // A copy of the folder has two files of what were two names.
    await rm(join(directory, 'alice.old-1.spare'));
    await files.writeSpare('alice', 'old-1', some(1));
    await files.swap('alice', 'next-2', 'old-1');
    expect([await files.read('alice'), await files.readSpare('alice', 'old-1')]).toEqual([some(2), some(1)]);
  });

  test('keep all keys of one name, however many commands put another in its place at once', async () => {
    const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
    const open = () =>
      new Keyring({ files: new DirectoryKeyFiles(directory), kdf: nodeKdf, random, testnet: true });
    const keyring = open();
    const keys = [await keyring.create('alice')];
    const spares: SpareKey[] = [];
    for (let i = 0; i < 4; i++) {
      const { spare, signer, keep } = await keyring.drawNext('alice');
      signer.erase();
      await keep();
      spares.push(spare);
      keys.push(spare.key);
    }
    await Promise.all(spares.map((spare) => open().use('alice', spare)));
    const kept = [await keyring.show('alice'), ...(await keyring.spares('alice')).map(({ key }) => key)];
    const sorted = (all: readonly { readonly publicKey: Uint8Array }[]): string[] =>
      all.map(({ publicKey }) => toHex(publicKey)).sort();
    expect(sorted(kept)).toEqual(sorted(keys));
  });

  test('that another command changes are waited for, and its user is told whose turn it is', async () => {
    await files.write('alice', some(1));
    const lock = await takeLock(directory, 'keyring.lock');
    vi.spyOn(performance, 'now').mockImplementation(stepping(60_000));
    try {
      await expect(files.exclusively(async () => {})).rejects.toMatchObject({ code: 'ACCOUNT_BUSY' });
    } finally {
      vi.restoreAllMocks();
      lock.release();
    }
  });

  test('carry a keyring with the real cost', async () => {
    const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
    const keyring = new Keyring({ files, kdf: nodeKdf, random });
    const made = await keyring.create('alice', { passphrase: 'pw' });
    const later = new Keyring({ files: new DirectoryKeyFiles(directory), kdf: nodeKdf, random });
    const signer = await later.open('alice', 'pw');
    expect(signer.address).toEqual(made.address);
    expect(JSON.parse(await readFile(join(directory, 'alice.json'), 'utf8')).kdf.n).toBe(131072);
  });
});
