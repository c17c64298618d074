import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { afterAll, describe, expect, it } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import { fromHex } from '../../chain/format/bytes.ts';
import genesis from '../../genesis.json' with { type: 'json' };
import { ConfigError, readConfig } from '../../node/config.ts';
import { writeFileAtomically } from '../../node/files.ts';
import { keepGenesis, readGenesis } from '../../node/genesis-file.ts';
import { loadIdentity } from '../../node/identity.ts';

const folders: string[] = [];
const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'pier-config-'));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const address = formatAddress(new Uint8Array(20).fill(1));

describe('options', () => {
  it('are read', () => {
    const config = readConfig({
      data: '/data',
      listen: '[::1]:0',
      peer: ['ws://127.0.0.1:9471'],
      mine: address,
      hashrate: '1000',
      burst: '5',
      lag: '3000',
    });
    expect(config).toMatchObject({
      dataDir: '/data',
      genesisPath: null,
      listen: { host: '::1', port: 0 },
      rpc: { host: '127.0.0.1', port: 9460 },
      mine: new Uint8Array(20).fill(1),
      hashrate: 1000,
      burst: 5,
      lagMs: 3_000,
    });
    expect(readConfig({ data: '/data' })).toMatchObject({
      listen: null,
      peers: [],
      mine: null,
      hashrate: null,
    });
  });

  it.each([
    { listen: '127.0.0.1' },
    { listen: '127.0.0.1:65536' },
    { listen: 'http://127.0.0.1:1' },
    { rpc: ':1' },
    { rpc: '::1:80' },
    { peer: ['127.0.0.1:9471'] },
    { peer: ['wss://127.0.0.1:9471'] },
    { peer: ['ws://127.0.0.1:9471/'] },
    { mine: 'alice' },
    { mine: address.slice(1) },
    { hashrate: '0' },
    ...['-1', '1e3', '0x10', '01', '1.0000001', '9007199254740993', '', ' 1'].map((hashrate) => ({
      hashrate,
    })),
    { burst: '-1' },
    { lag: '3001' },
    { allowOrigin: ['*'] },
    { allowOrigin: ['http://example.org/'] },
    { allowHost: ['http://example.org'] },
    { allowHost: ['example.org:80'] },
    { allowHost: ['a b'] },
  ])('that are wrong are refused: %j', (options) => {
    expect(() => readConfig({ data: '/data', ...options })).toThrow(ConfigError);
  });
});

describe('addresses', () => {
  it('of a whole machine are dialled on its loopback', () => {
    const { peers, allowedHosts } = readConfig({
      data: '/data',
      peer: ['ws://0.0.0.0:9471', 'ws://[::]:9471', 'ws://10.0.0.0:1'],
      allowHost: ['Node.example', '[fe80::1]', '0.0.0.0'],
    });
    expect(peers).toEqual(['ws://127.0.0.1:9471', 'ws://[::1]:9471', 'ws://10.0.0.0:1']);
    expect(allowedHosts).toEqual(['node.example', '[fe80::1]', '0.0.0.0']);
  });
});

describe('the identity', () => {
  it('is made once, kept for its owner only, and signs as RFC 8032 says', () => {
    const path = join(makeFolder(), 'identity');
    const first = loadIdentity(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = loadIdentity(path);
    expect(again.publicKey).toEqual(first.publicKey);
    const seed = fromHex(readFileSync(path, 'utf8').trim());
    const message = Uint8Array.of(1, 2, 3);
    expect(first.publicKey).toEqual(ed25519.getPublicKey(seed));
    expect(first.sign(message)).toEqual(ed25519.sign(message, seed));
  });

  it('that others can read, or that is damaged, is refused', () => {
    const path = join(makeFolder(), 'identity');
    loadIdentity(path);
    chmodSync(path, 0o644);
    expect(() => loadIdentity(path)).toThrow(ConfigError);
    chmodSync(path, 0o600);
    writeFileSync(path, 'abc');
    expect(() => loadIdentity(path)).toThrow(ConfigError);
  });
});

describe('the genesis of a folder', () => {
  it('is the one given, then the one kept, then the default', () => {
    const folder = makeFolder();
    expect(readGenesis(folder, null).params.name).toBe(genesis.name);
    const given = join(makeFolder(), 'genesis.json');
    writeFileSync(given, JSON.stringify({ ...genesis, name: 'mine' }));
    keepGenesis(folder, readGenesis(folder, given));
    expect(readGenesis(folder, null).params.name).toBe('mine');
    expect(readGenesis(folder, given).params.name).toBe('mine');
  });

  it('can not change, and must be usable', () => {
    const folder = makeFolder();
    keepGenesis(folder, readGenesis(folder, null));
    const other = join(makeFolder(), 'genesis.json');
    writeFileSync(other, JSON.stringify({ ...genesis, name: 'other' }));
    expect(() => readGenesis(folder, other)).toThrow('another ledger');
    writeFileSync(other, '{');
    expect(() => readGenesis(makeFolder(), other)).toThrow('not JSON');
    writeFileSync(other, JSON.stringify({ ...genesis, reward: { ...genesis.reward, initial: '1e3' } }));
    expect(() => readGenesis(makeFolder(), other)).toThrow('reward.initial');
    expect(() => readGenesis(makeFolder(), join(folder, 'none.json'))).toThrow('there is no file');
  });
});

it('a file is written whole, with nothing left beside it', () => {
  const folder = makeFolder();
  const path = join(folder, 'file');
  writeFileAtomically(path, 'old');
  writeFileAtomically(path, Uint8Array.of(0x6e, 0x65, 0x77));
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(() => writeFileAtomically(join(folder, 'none', 'file'), 'x')).toThrow('ENOENT');
});
