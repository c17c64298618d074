/**
 * What belongs to a key, and the key itself, by the commands that people type: records, rotation, and the theft drill. With
 * one node there is nobody to compare with, and what is checked is a few blocks old: so what is asked here is believed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parsePier } from '../../chain/format/amount.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { piecesRoot } from '../../chain/format/pieces.ts';
import { readCookie } from '../../cli/node-file.ts';
import { callNode } from '../../cli/node-rpc.ts';
import { NODE_HASHRATE } from '../../cli/testnet/create.ts';
import { waitUntil } from '../../cli/testnet/wait.ts';
import { heightOf, PierHome } from './run-pier.ts';

/** Far above what anything here takes: a machine may be busy. */
const PATIENCE_MS = 90_000;
const home = new PierHome();
/** Somebody else's machine: a keyring of its own, and the same ledger. */
const thief = new PierHome();
let url: string;

const at = (name: string): string => join(home.path, name);
/** Nothing of the ledger is on the thief's machine, so what it signs for must be said. */
const signs = (...args: string[]): string[] => [
  ...thiefs(...args),
  ...['--genesis', at('testnet/genesis.json'), '--depth', '1'],
];
const thiefs = (...args: string[]): string[] => [
  ...args,
  '--node',
  url,
  '--passphrase-file',
  join(thief.path, 'pw'),
];

/** Has the node make blocks at a rate, or none: what must happen before some block isn't left to how busy a machine is. */
async function mine(hashrate: number | null): Promise<void> {
  const { address } = await home.json(['key', 'show', 'miner-1']);
  const cookie = readCookie(at('testnet/node-1'));
  await callNode(url, 'mine', hashrate === null ? { address: null } : { address, hashrate }, { cookie });
}

/** Has blocks come quickly until one of that height can only be followed. */
async function passHeight(height: number): Promise<void> {
  await mine(20 * NODE_HASHRATE);
  const passed = await waitUntil(async () => (await heightOf(url)) >= height, PATIENCE_MS, 100);
  await mine(NODE_HASHRATE);
  if (!passed) throw new Error(`no block ${height} in time`);
}

/** The thief gets hold of what is now the key of that name here. */
async function steal(name: string, as: string): Promise<void> {
  const { text } = await home.json(['key', 'export', name]);
  const { address } = await home.json(['key', 'show', name]);
  writeFileSync(join(thief.path, as), text);
  const args = ['key', 'import', as, '--file', join(thief.path, as), '--address', address];
  await thief.json(thiefs(...args));
}

describe.sequential('on a testnet', { timeout: 2 * PATIENCE_MS }, () => {
  beforeAll(async () => {
    const args = ['testnet', 'start', '--nodes', '1', '--block-time', '300', '--base-port', '0', '--detach'];
    url = (await home.json(args)).nodes[0].rpc;
    writeFileSync(join(thief.path, 'pw'), 'loot\n');
    for (const name of ['alice', 'bob', 'carol']) await home.json(['key', 'new', name]);
    for (const name of ['alice', 'bob', 'carol']) await home.json(['send', 'faucet', name, '100', '--wait']);
  }, PATIENCE_MS);

  afterAll(async () => {
    await home.run(['testnet', 'stop']);
    home.remove();
    thief.remove();
  }, PATIENCE_MS);

  test('a small file is kept on the ledger, and comes back as it was', async () => {
    const put = await home.json(
      ['record', 'put', 'motto', '-', '--from', 'alice', '--type', 'text/plain', '--wait'],
      {
        input: 'hello\n',
      },
    );
    expect(put).toMatchObject({ status: 'mined', size: 6, inline: true, depositBefore: '0' });
    expect(put.record).toMatch(/^[0-9a-f]{64}$/);
    const { address } = await home.json(['key', 'show', 'alice']);
    const got = await home.json(['record', 'get', '--trust', 'motto', '--creator', 'alice']);
    expect(got).toMatchObject({
      id: put.record,
      owner: address,
      creator: address,
      name: 'motto',
      mediaType: 'text/plain',
      inline: '68656c6c6f0a',
      revision: 1,
      deposit: put.deposit,
    });
    expect(await home.json(['record', 'get', '--trust', put.record])).toMatchObject({ name: 'motto' });
    const { stdout } = await home.run(['record', 'get', '--trust', 'motto@alice']);
    expect(stdout).toMatch(/^text +hello\\n$/m);
    await home.json(['record', 'get', '--trust', 'motto@alice', '-o', at('motto.txt')]);
    expect(readFileSync(at('motto.txt'), 'utf8')).toBe('hello\n');
    expect(await home.faultCode(['record', 'get', '--trust', 'motto@alice', '-o', at('motto.txt')])).toBe(
      'FILE_EXISTS',
    );
    expect((await home.run(['record', 'get', '--trust', 'motto@alice', '-o', '-'])).stdout).toBe('hello\n');
  });

  test('of a larger file the ledger has the root that BitTorrent gives it', async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7) & 255);
    writeFileSync(at('report.pdf'), bytes);
    const put = await home.json(['record', 'put', 'report', at('report.pdf'), '--from', 'alice', '--wait']);
    expect(put).toMatchObject({ inline: false, size: 100_000, root: toHex(piecesRoot(bytes)) });
    expect(await home.json(['record', 'get', '--trust', 'report@alice'])).toMatchObject({
      mediaType: 'application/pdf',
      inline: null,
    });
    expect(await home.faultCode(['record', 'get', '--trust', 'report@alice', '-o', at('x')])).toBe(
      'NOT_ON_LEDGER',
    );
    expect(await home.json(['record', 'check', '--trust', 'report@alice', at('report.pdf')])).toMatchObject({
      matches: true,
      revision: 1,
    });
    bytes[99_999]! ^= 1;
    writeFileSync(at('report.pdf'), bytes);
    const { code, stdout, stderr } = await home.run([
      'record',
      'check',
      '--trust',
      'report@alice',
      at('report.pdf'),
    ]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/report\.pdf is not what the owner of report last signed: its content root/);
    const shorter = await home.run(['record', 'check', '--trust', 'report@alice', '-', '--json'], {
      input: 'no',
    });
    expect(JSON.parse(shorter.stdout).error).toMatchObject({
      code: 'CONTENT_DIFFERS',
      message: expect.stringContaining('2 bytes, not 100000'),
    });
  });

  test('a small file stays off the ledger if that is wanted, and locks less', async () => {
    const put = await home.json(['record', 'put', 'motto', '-', '--from', 'alice', '--no-inline', '--wait'], {
      input: 'x'.repeat(1_000),
    });
    expect(put).toMatchObject({ inline: false, size: 1_000 });
    expect(parsePier(put.deposit)).toBeLessThan(parsePier(put.depositBefore));
    expect((await home.json(['balance', 'alice', '--trust'])).nonce).toBe(3);
  });

  test('a record is given, revised by its new owner, and dropped: its history tells', async () => {
    const [alice, bob] = await Promise.all(
      ['alice', 'bob'].map(async (name) => (await home.json(['key', 'show', name])).address),
    );
    const given = await home.json(['record', 'give', 'motto', 'bob', '--from', 'alice', '--wait']);
    expect(given).toMatchObject({ status: 'mined', owner: bob });
    expect(await home.faultCode(['record', 'put', 'motto', '-', '--from', 'alice'])).toBe('NOT_OWNER');
    expect(await home.faultCode(['record', 'drop', 'motto', '--from', 'alice'])).toBe('NOT_OWNER');
    await home.json(['record', 'put', 'motto', '-', '--from', 'bob', '--creator', 'alice', '--wait'], {
      input: 'hi',
    });
    const listed = await home.json(['record', 'list', '--trust', 'bob']);
    expect(listed.records).toMatchObject([{ id: given.record, name: 'motto', revision: 3, creator: alice }]);
    expect((await home.json(['record', 'list', '--trust', 'alice'])).records).toMatchObject([
      { name: 'report' },
    ]);
    const dropped = await home.json(['record', 'drop', given.record, '--from', 'bob', '--wait']);
    expect(parsePier(dropped.deposit)).toBeLessThan(parsePier(dropped.depositBefore));
    expect(await home.json(['record', 'get', '--trust', given.record])).toMatchObject({
      dropped: true,
      deposit: dropped.deposit,
    });
    const { items, next } = await home.json(['record', 'history', '--trust', given.record]);
    expect(
      items.map(({ kind, owner, revision, size }: Record<string, unknown>) => [kind, owner, revision, size]),
    ).toEqual([
      ['drop', bob, 3, null],
      ['put', bob, 3, 2],
      ['give', bob, 2, null],
      ['put', alice, 2, 1_000],
      ['put', alice, 1, 6],
    ]);
    expect(next).toBe(null);
    const page = await home.json(['record', 'history', '--trust', given.record, '--limit', '2']);
    const rest = await home.json(['record', 'history', '--trust', given.record, '--before', page.next]);
    expect([...page.items, ...rest.items]).toEqual(items);
    for (const args of [
      ['check', '--trust', given.record, at('motto.txt')],
      ['get', '--trust', given.record, '-o', at('y')],
      ['drop', given.record, '--from', 'bob'],
    ]) {
      expect(await home.faultCode(['record', ...args])).toBe('RECORD_DROPPED');
    }
    const { stdout } = await home.run(['record', 'history', '--trust', 'motto@alice']);
    expect(stdout.split('\n')[1]).toMatch(/drop +3 +pier1/);
  });

  test('what is typed wrong about records is told before anything is signed', async () => {
    expect(await home.faultCode(['record', 'get', '--trust', 'motto'])).toBe('USAGE');
    expect(await home.faultCode(['record', 'get', '--trust', 'nothing@alice'])).toBe('NO_RECORD');
    expect(await home.faultCode(['record', 'get', '--trust', '0'.repeat(64)])).toBe('NO_RECORD');
    expect(await home.faultCode(['record', 'history', '--trust', 'nothing@alice'])).toBe('NO_RECORD');
    expect(await home.faultCode(['record', 'get', '--trust', 'motto@nobody'])).toBe('NO_KEY');
    expect(await home.faultCode(['record', 'put', 'x'.repeat(65), '-', '--from', 'alice'])).toBe('BAD_NAME');
    expect(await home.faultCode(['record', 'put', 'new', '-', '--from', 'bob', '--creator', 'alice'])).toBe(
      'NOT_OWNER',
    );
    expect(await home.faultCode(['record', 'put', 'new', home.path, '--from', 'bob'])).toBe('NOT_A_FILE');
    expect(await home.faultCode(['record', 'put', 'new', at('none'), '--from', 'bob'])).toBe('ENOENT');
    expect(await home.faultCode(['record', 'put', 'new', '-'])).toBe('USAGE');
    expect((await home.json(['balance', 'bob', '--trust'])).nonce).toBe(2);
  });

  test('a key is rotated: the address stays, the old key is kept and worth nothing', async () => {
    const before = await home.json(['key', 'show', 'carol']);
    await steal('carol', 'carols');
    const rotated = await home.json(['key', 'rotate', 'carol']);
    expect(rotated).toMatchObject({ status: 'mined', name: 'carol', address: before.address });
    const after = await home.json(['key', 'show', 'carol']);
    expect(after).toMatchObject({
      address: before.address,
      spares: [{ state: 'old', publicKey: before.publicKey }],
    });
    expect(after.publicKey).not.toBe(before.publicKey);
    await home.json(['send', 'carol', 'bob', '1', '--wait']);
    expect(await thief.faultCode(signs('send', 'carols', before.address, '1'))).toBe('WRONG_KEY');
  });

  test('a rotation that nobody waited for is finished by whatever signs next', async () => {
    const { publicKey } = await home.json(['key', 'show', 'carol']);
    const { id } = await home.json(['key', 'rotate', 'carol', '--no-wait']);
    const waiting = await home.json(['key', 'show', 'carol']);
    expect(waiting.spares.map(({ state }: { state: string }) => state)).toContain('next');
    await waitUntil(
      async () => (await home.json(['tx', id, '--trust'])).status === 'mined',
      PATIENCE_MS,
      100,
    );
    await home.json(['send', 'carol', 'bob', '1', '--wait']);
    const after = await home.json(['key', 'show', 'carol']);
    expect(after.publicKey).not.toBe(publicKey);
    expect(after.spares).toHaveLength(2);
    expect(after.spares.every(({ state }: { state: string }) => state === 'old')).toBe(true);
  });

  test('the theft drill: a thief rotates and tries to veto; the owner recovers after the delay', async () => {
    const delay = 30;
    expect(await home.faultCode(['key', 'revoke', 'alice'])).toBe('NO_RECOVERY');
    const set = await home.json(['recovery', 'set', 'alice', '--by', 'bob', '--delay', String(delay)]);
    expect(set).toMatchObject({ status: 'mined', recovery: { delay } });
    await steal('alice', 'alices');
    await thief.json(signs('key', 'rotate', 'alices'));
    await mine(null);
    const fault = await home.run(['send', 'alice', 'bob', '1', '--json']);
    expect(JSON.parse(fault.stdout).error).toMatchObject({
      code: 'WRONG_KEY',
      hint: expect.stringContaining('pier recovery status alice'),
    });
    await mine(NODE_HASHRATE);
    const started = await home.json(['recovery', 'start', 'alice', '--from', 'bob']);
    await mine(null);
    expect(started).toMatchObject({ status: 'mined', key: 'alice', claimFrom: started.block.height + delay });
    expect(await home.faultCode(['recovery', 'start', 'alice', '--from', 'bob'])).toBe('RECOVERY_PENDING');
    const { address } = await home.json(['key', 'show', 'alice']);
    expect(await thief.faultCode(signs('recovery', 'veto', address, '--from', 'alices'))).toBe(
      'KEY_TOO_YOUNG',
    );
    expect(await home.faultCode(['recovery', 'claim', 'alice', '--from', 'bob'])).toBe('TOO_SOON');
    const { stdout, stderr } = await home.run(['recovery', 'status', '--trust', 'alice']);
    expect(stdout).toContain(`a new key can be claimed from block ${started.claimFrom} on`);
    expect(stderr).toContain('not money that a thief has already moved');
    await passHeight(started.claimFrom - 1);
    await home.json(['recovery', 'claim', 'alice', '--from', 'bob']);
    await home.json(['send', 'alice', 'bob', '1', '--wait']);
    expect(await thief.faultCode(signs('send', 'alices', address, '1'))).toBe('WRONG_KEY');
    expect(await home.json(['recovery', 'status', '--trust', 'alice'])).toMatchObject({
      pendingRecovery: null,
      locked: false,
    });
  });

  test('a false recovery is vetoed by the owner, a false change of recovery by the recovery account', async () => {
    const status = () => home.json(['recovery', 'status', '--trust', 'alice']);
    const { keySince, recovery } = await status();
    await passHeight(keySince + recovery.delay);
    const { address } = await home.json(['key', 'show', 'alice']);
    await home.json(['recovery', 'start', address, '--from', 'bob', '--as', 'taken']);
    expect(await home.json(['recovery', 'veto', 'alice', '--from', 'alice'])).toMatchObject({
      stopped: 'recovery',
    });
    expect(await home.faultCode(['recovery', 'claim', 'alice', '--from', 'bob'])).toBe('NOTHING_PENDING');
    expect((await home.json(['key', 'show', 'taken'])).address).toBe(address);
    expect(await home.faultCode(['send', 'taken', 'bob', '1'])).toBe('WRONG_KEY');

    await steal('alice', 'again');
    const carol = (await home.json(['key', 'show', 'carol'])).address;
    await thief.json(signs('recovery', 'set', 'again', '--by', carol, '--delay', '1'));
    await mine(null);
    expect((await status()).pendingChange).toMatchObject({ recovery: { account: carol, delay: 1 } });
    await mine(NODE_HASHRATE);
    expect(await home.json(['recovery', 'veto', 'alice', '--from', 'bob'])).toMatchObject({
      stopped: 'change',
    });
    expect(await status()).toMatchObject({ recovery, pendingChange: null });
    expect(await home.faultCode(['recovery', 'start', 'alice', '--from', 'carol'])).toBe('NOT_RECOVERY');
    expect(await home.faultCode(['recovery', 'set', 'alice', '--by', 'alice', '--delay', '5'])).toBe('USAGE');
  });

  test('a revoked key sends nothing any more, whoever has it', async () => {
    await home.json(['key', 'revoke', 'alice']);
    expect(await home.faultCode(['send', 'alice', 'bob', '1'])).toBe('LOCKED');
    expect(
      await thief.faultCode(signs('send', 'again', (await home.json(['key', 'show', 'bob'])).address, '1')),
    ).toBe('LOCKED');
    expect((await home.run(['recovery', 'status', '--trust', 'alice'])).stdout).toMatch(/^locked +yes/m);
  });
});
