/** Keys beside keys: a name keeps its old key until the new one is current, and loses neither. */
import { beforeEach, describe, expect, test } from 'vitest';
import { toHex } from '../../chain/format/bytes.ts';
import type { Keyring } from '../../wallet/keyring.ts';
import { walletFault } from './faults.ts';
import { MemoryKeyFiles, memoryKeyring } from './memory-keys.ts';

const passphrase = 'pw';
let files: MemoryKeyFiles;
let keyring: Keyring;
beforeEach(async () => {
  files = new MemoryKeyFiles();
  keyring = memoryKeyring(files);
  await keyring.create('alice', { passphrase });
});

async function createNext(name: string, options: { passphrase?: string } = {}) {
  const { spare, signer, keep } = await keyring.drawNext(name, options);
  signer.erase();
  await keep();
  return spare;
}

describe('a next key', () => {
  test('signs for the account of the name, and is not the key in use yet', async () => {
    const before = await keyring.show('alice');
    const next = await createNext('alice', { passphrase });
    expect(next.state).toBe('next');
    expect(next.key.address).toEqual(before.address);
    expect(toHex(next.key.publicKey)).not.toBe(toHex(before.publicKey));
    expect(await keyring.show('alice')).toEqual(before);
    expect(await keyring.spares('alice')).toEqual([next]);
    const signer = await keyring.openSpare('alice', next.label, passphrase);
    expect([signer.address, signer.publicKey]).toEqual([before.address, next.key.publicKey]);
    expect((await keyring.list()).map(({ name }) => name)).toEqual(['alice']);
  });

  test('takes the place of the old one, which stays, and gives it back', async () => {
    const first = await keyring.show('alice');
    const next = await createNext('alice', { passphrase });
    await keyring.use('alice', next);
    expect(await keyring.show('alice')).toEqual(next.key);
    expect((await keyring.open('alice', passphrase)).publicKey).toEqual(next.key.publicKey);
    const [old, ...more] = await keyring.spares('alice');
    expect([old!.state, old!.key, more]).toEqual(['old', first, []]);
    await keyring.use('alice', old!);
    expect(await keyring.show('alice')).toEqual(first);
    expect((await keyring.spares('alice')).map(({ state, key }) => [state, key])).toEqual([
      ['next', next.key],
    ]);
  });

  test('is in no file before it is kept', async () => {
    const { signer, spare } = await keyring.drawNext('alice', { passphrase });
    expect(signer.publicKey).toEqual(spare.key.publicKey);
    expect(await keyring.spares('alice')).toEqual([]);
  });

  test('of a name that is free becomes the key of that name, for the account that is named', async () => {
    const { address } = await keyring.show('alice');
    const { keep, spare } = await keyring.drawNext('again', { passphrase, address });
    await keep();
    expect(await keyring.show('again')).toEqual(spare.key);
    expect(spare.key.address).toEqual(address);
    expect((await walletFault(keep)).code).toBe('KEY_EXISTS');
  });

  test('is put in place once, however many do it', async () => {
    const next = await createNext('alice', { passphrase });
    await keyring.use('alice', next);
    await keyring.use('alice', next);
    expect(await keyring.show('alice')).toEqual(next.key);
  });

  test('that is not there is not put in place', async () => {
    const next = await createNext('alice', { passphrase });
    const before = await keyring.show('alice');
    files.spares.clear();
    await expect(keyring.use('alice', next)).rejects.toThrow();
    expect(await keyring.show('alice')).toEqual(before);
  });

  test('needs a passphrase where keys do, and a key to follow', async () => {
    expect((await walletFault(() => createNext('alice'))).code).toBe('PASSPHRASE_NEEDED');
    expect((await walletFault(() => createNext('bob', { passphrase }))).code).toBe('NO_KEY');
    const { label } = await createNext('alice', { passphrase });
    expect((await walletFault(() => keyring.openSpare('alice', label, 'no'))).code).toBe('WRONG_PASSPHRASE');
    expect((await walletFault(() => keyring.openSpare('alice', 'next-00', passphrase))).code).toBe('NO_KEY');
    expect(files.spares.size).toBe(1);
  });
});

test('a key can be made for an account that is there already', async () => {
  const address = new Uint8Array(20).fill(7);
  const made = await keyring.create('saved', { passphrase, address });
  expect(made.address).toEqual(address);
  expect((await keyring.open('saved', passphrase)).address).toEqual(address);
});
