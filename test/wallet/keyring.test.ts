import { ed25519 } from '@noble/curves/ed25519.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { WalletError } from '../../wallet/errors.ts';
import { checkKeyName, type Keyring } from '../../wallet/keyring.ts';
import { walletFault } from './faults.ts';
import { MemoryKeyFiles, memoryKeyring } from './memory-keys.ts';
import frozen from './vectors/path.json' with { type: 'json' };

let files: MemoryKeyFiles;
let keyring: Keyring;
beforeEach(() => {
  files = new MemoryKeyFiles();
  keyring = memoryKeyring(files);
});

describe('a keyring', () => {
  test('makes a key that signs, exports and comes back from its words', async () => {
    const made = await keyring.create('alice', { passphrase: 'pw' });
    expect(made).toMatchObject({ name: 'alice', kind: 'words', encrypted: true });
    expect(await keyring.show('alice')).toEqual(made);

    const signer = await keyring.open('alice', 'pw');
    const message = Uint8Array.of(1, 2, 3);
    expect(signer.address).toEqual(made.address);
    expect(ed25519.verify(signer.sign(message), message, made.publicKey)).toBe(true);

    const { kind, text } = await keyring.export('alice', 'pw');
    expect(kind).toBe('words');
    expect(text.split(' ')).toHaveLength(24);
    const again = await keyring.import('copy', text, { passphrase: 'other' });
    expect(again.address).toEqual(made.address);
  });

  test('makes 12 words if asked', async () => {
    await keyring.create('short', { passphrase: 'pw', words: 12 });
    expect((await keyring.export('short', 'pw')).text.split(' ')).toHaveLength(12);
  });

  test('two keys never share words, salt or nonce', async () => {
    const a = await keyring.create('a', { passphrase: 'pw' });
    const b = await keyring.create('b', { passphrase: 'pw' });
    expect(toHex(a.address)).not.toBe(toHex(b.address));
    const [first, second] = ['a', 'b'].map((name) => JSON.parse(files.text(name)));
    expect(first.nonce).not.toBe(second.nonce);
    expect(first.kdf.salt).not.toBe(second.kdf.salt);
  });

  test('imports the frozen words and private keys to their addresses', async () => {
    const { words, privateKey, address } = frozen.vectors[0]!;
    const fromWords = await keyring.import('words', words, { passphrase: 'pw' });
    const fromSeed = await keyring.import('seed', ` ${privateKey.toUpperCase()}\n`, { passphrase: 'pw' });
    expect(formatAddress(fromWords.address)).toBe(address);
    expect(formatAddress(fromSeed.address)).toBe(address);
    expect(await keyring.export('seed', 'pw')).toEqual({ kind: 'seed', text: privateKey });
  });

  test('a rotated key signs for the older account it was imported for', async () => {
    const older = new Uint8Array(20).fill(7);
    await keyring.import('next', frozen.vectors[0]!.words, { passphrase: 'pw', address: older });
    const signer = await keyring.open('next', 'pw');
    expect(signer.address).toEqual(older);
    expect(toHex(signer.publicKey)).toBe(frozen.vectors[0]!.publicKey);
  });

  test('never writes over a key', async () => {
    await keyring.create('alice', { passphrase: 'pw' });
    const before = files.text('alice');
    for (const action of [
      () => keyring.create('alice', { passphrase: 'pw' }),
      () => keyring.import('alice', frozen.vectors[0]!.words, { passphrase: 'pw' }),
    ]) {
      expect((await walletFault(action)).code).toBe('KEY_EXISTS');
    }
    expect(files.text('alice')).toBe(before);
  });

  test('refuses what it can not do, and says why', async () => {
    await keyring.create('alice', { passphrase: 'pw' });
    expect((await walletFault(() => keyring.open('alice'))).code).toBe('PASSPHRASE_NEEDED');
    expect((await walletFault(() => keyring.open('alice', 'wrong'))).code).toBe('WRONG_PASSPHRASE');
    expect((await walletFault(() => keyring.export('alice', ''))).code).toBe('WRONG_PASSPHRASE');
    expect((await walletFault(() => keyring.create('bob'))).code).toBe('PASSPHRASE_NEEDED');
    expect((await walletFault(() => keyring.create('bob', { passphrase: '' }))).code).toBe(
      'PASSPHRASE_NEEDED',
    );
    const missing = await walletFault(() => keyring.open('bob', 'pw'));
    expect(missing.code).toBe('NO_KEY');
    expect(missing.hint).toContain('pier key new bob');
    expect((await walletFault(() => keyring.import('bob', 'abc', { passphrase: 'pw' }))).code).toBe(
      'BAD_SEED',
    );
    expect((await walletFault(() => keyring.import('bob', 'one two', { passphrase: 'pw' }))).code).toBe(
      'BAD_WORDS',
    );
    expect([...files.files.keys()]).toEqual(['alice']);
  });

  test('takes plain names only', async () => {
    for (const name of ['a', '0', 'faucet', 'a-b_c', 'x'.repeat(32)]) checkKeyName(name);
    for (const name of ['', '-a', '_a', 'A', 'a.b', '../a', 'a/b', 'ä', 'a\n', 'x'.repeat(33), '.', ' a']) {
      for (const action of [
        () => keyring.create(name, { passphrase: 'pw' }),
        () => keyring.show(name),
        () => keyring.open(name, 'pw'),
      ]) {
        expect((await walletFault(action)).code).toBe('BAD_KEY_NAME');
      }
    }
    expect(files.files.size).toBe(0);
  });

  test('lists by name, and one bad file does not hide the others', async () => {
    await keyring.create('bob', { passphrase: 'pw' });
    await keyring.create('alice', { passphrase: 'pw' });
    files.files.set('broken', new TextEncoder().encode('{}'));
    files.files.set('renamed', files.files.get('bob')!);
    const listed = await keyring.list();
    expect(listed.map(({ name }) => name)).toEqual(['alice', 'bob', 'broken', 'renamed']);
    expect(listed.map(({ key }) => (key instanceof WalletError ? key.code : key.name))).toEqual([
      'alice',
      'bob',
      'BAD_KEY_FILE',
      'BAD_KEY_FILE',
    ]);
  });

  test('an erased signer signs nothing', async () => {
    await keyring.create('alice', { passphrase: 'pw' });
    const signer = await keyring.open('alice', 'pw');
    signer.erase();
    expect(() => signer.sign(new Uint8Array(1))).toThrow('erased');
  });
});

describe("a testnet's keyring", () => {
  test('asks for no passphrase and says so in the file', async () => {
    const testnet = memoryKeyring(files, { testnet: true });
    const made = await testnet.create('faucet');
    expect(made.encrypted).toBe(false);
    expect(files.text('faucet')).toContain('testnet only: not encrypted');
    expect((await testnet.open('faucet')).address).toEqual(made.address);
  });

  test('its files are worth nothing in another keyring', async () => {
    await memoryKeyring(files, { testnet: true }).create('faucet');
    for (const action of [
      () => keyring.open('faucet', 'pw'),
      () => keyring.show('faucet'),
      () => keyring.export('faucet', 'pw'),
    ]) {
      expect((await walletFault(action)).code).toBe('NOT_ENCRYPTED');
    }
  });

  test('takes encrypted keys too', async () => {
    const testnet = memoryKeyring(files, { testnet: true });
    await testnet.create('alice', { passphrase: 'pw' });
    expect((await walletFault(() => testnet.open('alice'))).code).toBe('PASSPHRASE_NEEDED');
    expect((await testnet.open('alice', 'pw')).publicKey).toHaveLength(32);
  });
});
