/** `pier prove` and `pier verify`: offline in a folder with nothing but a file and a genesis, and against nodes that lie. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { PROOF_BYTES_MAX } from '../../chain/proof/proof-file.ts';
import { PROOF_FAULTS } from '../../wallet/proof/faults.ts';
import { addressFor, recordFor } from '../chain/actors.ts';
import { flipBit } from '../chain/vector-ids.ts';
import vectors from '../wallet/proof/vectors/proofs.json' with { type: 'json' };
import { type Answer, FakeNode, Refusal, TIP } from './fake-node.ts';
import { PierHome } from './run-pier.ts';

type Name = keyof typeof vectors.proofs;
const NAMES = Object.keys(vectors.proofs) as Name[];
const home = new PierHome();
const nodes: FakeNode[] = [];
let folders = 0;

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});
afterAll(() => home.remove());

/** A new folder with these files in it. */
function folder(files: Record<string, string | Uint8Array>): string {
  const cwd = join(home.path, `folder-${++folders}`);
  mkdirSync(cwd);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);
  return cwd;
}

const genesis = JSON.stringify(vectors.genesis);
const fileOf = (name: Name): Uint8Array => fromHex(vectors.proofs[name]);
const alice = formatAddress(addressFor('alice'));

test.each(NAMES)('%s is checked with the file and genesis.json alone', async (name) => {
  const cwd = folder({ 'genesis.json': genesis, 'a.proof': fileOf(name) });
  const found = await home.json(['verify', 'a.proof'], { cwd });
  expect(found).toMatchObject({
    block: { height: expect.any(Number), id: expect.stringMatching(/^[0-9a-f]{64}$/) },
    work: expect.stringMatching(/^[0-9]+$/),
    ledger: { name: 'proofs', genesis: 'genesis.json' },
    notChecked: expect.arrayContaining([expect.stringMatching(/^whether /)]),
  });
  expect(readdirSync(cwd).sort()).toEqual(['a.proof', 'genesis.json']);
});

test('people are told what was proved, as of when, on how much work, and what was not checked', async () => {
  const cwd = folder({
    'genesis.json': genesis,
    'a.proof': fileOf('account'),
    'b.proof': fileOf('absent record'),
    'c.proof': fileOf('last of an account history'),
  });
  const { stdout, code } = await home.run(['verify', 'a.proof'], { cwd });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^proved +pier1\S+ has 99\d\.\d+ PIER$/m);
  expect(stdout).toMatch(/^as of +block 12, /m);
  expect(stdout).toMatch(/^work +65537 hashes in 1 block from it on, of 851981; 65537 checked here$/m);
  expect(stdout).toMatch(/^not checked +- whether block 12 .* most work/m);
  expect(stdout).toMatch(/^ +- what happened after block 12$/m);
  expect((await home.run(['verify', 'b.proof'], { cwd })).stdout).toMatch(/^proved +there is no record /m);
  const { stdout: last } = await home.run(['verify', 'c.proof'], { cwd });
  expect(last).toMatch(/^proved +the last 2 of 6 transactions of pier1/m);
  expect(last).toMatch(/- what the first 4 of 6 transactions were$/m);
});

test('what is wrong with a file is named', async () => {
  const good = fileOf('account');
  const cwd = folder({
    'genesis.json': genesis,
    'other.json': JSON.stringify({ ...vectors.genesis, salt: '08'.repeat(32) }),
    'broken.json': '{',
    'good.proof': good,
    'flipped.proof': flipBit(good, 4_000),
    'cut.proof': good.subarray(0, -1),
    'text.proof': 'hello',
    'empty.proof': '',
    'newer.proof': flipBit(good, 62),
    'large.proof': new Uint8Array(PROOF_BYTES_MAX + 1),
  });
  const faults: [string[], string][] = [
    [['flipped.proof'], 'PROOF_DAMAGED'],
    [['cut.proof'], 'PROOF_DAMAGED'],
    [['text.proof'], 'NOT_A_PROOF'],
    [['empty.proof'], 'NOT_A_PROOF'],
    [['large.proof'], 'NOT_A_PROOF'],
    [['newer.proof'], 'PROOF_VERSION'],
    [['nowhere.proof'], 'NO_FILE'],
    [['good.proof', '--genesis', 'other.json'], 'OTHER_LEDGER'],
    [['good.proof', '--genesis', 'broken.json'], 'BAD_GENESIS'],
    [['good.proof', '--genesis', 'nowhere.json'], 'BAD_GENESIS'],
  ];
  for (const [args, code] of faults) {
    expect([args, await home.faultCode(['verify', ...args], { cwd })]).toEqual([args, code]);
  }
  const alone = folder({ 'good.proof': good });
  expect(await home.faultCode(['verify', 'good.proof'], { cwd: alone })).toBe('OTHER_LEDGER');
  const { stderr } = await home.run(['verify', 'good.proof', '--genesis', 'other.json'], { cwd });
  expect(stderr).toContain(`hint: ${PROOF_FAULTS.OTHER_LEDGER[1]}`);
});

test("another folder's genesis is tried when the nearest is of another ledger, and the answer says which", async () => {
  const cwd = folder({ 'genesis.json': JSON.stringify({ ...vectors.genesis, salt: '08'.repeat(32) }) });
  writeFileSync(join(cwd, 'a.proof'), fileOf('supply'));
  expect(await home.faultCode(['verify', 'a.proof'], { cwd })).toBe('OTHER_LEDGER');
  const dir = folder({ 'genesis.json': genesis });
  const { ledger } = await home.json(['verify', 'a.proof', '--dir', dir], { cwd });
  expect(ledger.genesis).toBe(join(dir, 'genesis.json'));
});

async function fake(answers: Record<string, Answer>): Promise<string> {
  const node = await FakeNode.start(answers);
  nodes.push(node);
  return node.url;
}

const proving = (name: Name, change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): Answer => {
  return () => ({ proof: toHex(change(fileOf(name))), tip: TIP });
};

test('prove keeps what it has checked only: a node that lies is passed over', async () => {
  const cwd = folder({ 'genesis.json': genesis });
  const lies = await fake({ proveAccount: proving('account', (bytes) => flipBit(bytes, 3_000)) });
  const evades = await fake({ proveAccount: proving('absent account') });
  const good = await fake({ proveAccount: proving('account') });
  const args = ['prove', 'balance', alice, '-o', 'a.proof'];
  const asked = (...urls: string[]) => [...args, ...urls.flatMap((url) => ['--node', url])];
  expect(await home.faultCode(asked(lies, evades), { cwd })).toBe('NO_NODE');
  expect(readdirSync(cwd)).toEqual(['genesis.json']);
  const made = await home.json(asked(lies, evades, good), { cwd });
  expect(made).toMatchObject({
    file: 'a.proof',
    bytes: fileOf('account').length,
    address: alice,
    exists: true,
  });
  expect(new Uint8Array(readFileSync(join(cwd, 'a.proof')))).toEqual(fileOf('account'));
  expect(await home.json(['verify', 'a.proof'], { cwd })).toMatchObject({
    address: alice,
    balance: made.balance,
  });
});

test('prove: every kind asks for what was named', async () => {
  const cwd = folder({ 'genesis.json': genesis });
  const asked: [string, unknown][] = [];
  const heard =
    (method: string, name: Name): Answer =>
    (params) => {
      asked.push([method, params]);
      return { proof: vectors.proofs[name], tip: TIP };
    };
  const node = await fake({
    proveRecord: heard('proveRecord', 'record'),
    proveSupply: heard('proveSupply', 'supply'),
    proveTransaction: heard('proveTransaction', 'transaction'),
    proveHistory: (params) =>
      heard(
        'proveHistory',
        params.record === undefined ? 'last of an account history' : 'record history',
      )(params),
  });
  const prove = (...args: string[]) =>
    home.json(['prove', ...args, '-o', 'f', '--force', '--node', node], { cwd });
  const notes = toHex(recordFor('alice', 'notes'));
  expect(await prove('record', `notes@${alice}`)).toMatchObject({
    kind: 'record',
    name: 'notes',
    revision: 3,
  });
  expect(await prove('supply')).toMatchObject({ kind: 'supply', burned: '0.001' });
  const { id } = await home.json(['verify', 'f'], {
    cwd: folder({ f: fileOf('transaction'), 'genesis.json': genesis }),
  });
  expect(await prove('tx', id)).toMatchObject({ kind: 'transaction', id, index: 2, count: 3 });
  expect(await prove('history', notes)).toMatchObject({ kind: 'recordHistory', earlier: 0 });
  const bob = formatAddress(addressFor('bob'));
  expect(await prove('history', bob, '--last', '2')).toMatchObject({ kind: 'accountHistory', earlier: 4 });
  expect(asked).toEqual([
    ['proveRecord', { id: notes }],
    ['proveSupply', {}],
    ['proveTransaction', { id }],
    ['proveHistory', { record: notes }],
    ['proveHistory', { address: bob, last: 2 }],
  ]);
});

test('prove refuses to call what exists absent, and what does not a record', async () => {
  const cwd = folder({ 'genesis.json': genesis });
  const present = await fake({ proveAccount: proving('account'), proveRecord: proving('record') });
  const absent = await fake({
    proveAccount: proving('absent account'),
    proveRecord: proving('absent record'),
  });
  const code = (args: string[], node: string) =>
    home.faultCode(['prove', ...args, '-o', 'f', '--node', node], { cwd });
  expect(await code(['absent', alice], present)).toBe('NOT_ABSENT');
  expect(await code(['absent', `notes@${alice}`], present)).toBe('NOT_ABSENT');
  const bob = formatAddress(addressFor('bob'));
  expect(await code(['record', `notes@${bob}`], absent)).toBe('NO_RECORD');
  expect(readdirSync(cwd)).toEqual(['genesis.json']);
  const nobody = formatAddress(addressFor('nobody'));
  const made = await home.json(['prove', 'absent', nobody, '-o', 'f', '--node', absent], { cwd });
  expect(made).toMatchObject({ exists: false, address: nobody });
  expect(await home.faultCode(['prove', 'balance', alice], { cwd })).toBe('USAGE');
});

test('prove writes over no file unless told to, and leaves nothing half written', async () => {
  const cwd = folder({ 'genesis.json': genesis, f: 'mine' });
  const node = await fake({ proveSupply: proving('supply') });
  const args = ['prove', 'supply', '-o', 'f', '--node', node];
  expect(await home.faultCode(args, { cwd })).toBe('FILE_EXISTS');
  expect(readFileSync(join(cwd, 'f'), 'utf8')).toBe('mine');
  // Nobody was asked: whoever waits for blocks must not be told in the end.
  expect(nodes.at(-1)!.called).toEqual([]);
  await home.json([...args, '--force'], { cwd });
  expect(await home.json(['verify', 'f'], { cwd })).toMatchObject({ kind: 'supply' });
  expect(await home.faultCode(['prove', 'supply', '-o', '.', '--node', node], { cwd })).toBe('NOT_A_FILE');
  expect(readdirSync(cwd).sort()).toEqual(['f', 'genesis.json']);
});

test('a genesis.json that lies about and is none is passed over; one that is named is not', async () => {
  const made = folder({ 'genesis.json': genesis });
  const node = await fake({ proveSupply: proving('supply') });
  await home.json(['prove', 'supply', '-o', 'f', '--node', node], { cwd: made });
  for (const stray of ['not JSON', '{"name":"x"}', '[]']) {
    const cwd = folder({ 'genesis.json': stray });
    const own = ['--genesis', join(made, 'genesis.json')];
    const proof = join(made, 'f');
    expect(await home.faultCode(['verify', proof], { cwd })).toBe('OTHER_LEDGER');
    expect((await home.run(['verify', proof], { cwd })).stderr).toContain('passed over: genesis.json');
    expect(await home.json(['verify', proof, ...own], { cwd })).toMatchObject({ kind: 'supply' });
    expect(await home.faultCode(['verify', proof, '--genesis', 'genesis.json'], { cwd })).toBe('BAD_GENESIS');
  }
});

test('prove --wait sees the proof from a later block, and begins anew when its block is gone', async () => {
  const cwd = folder({ 'genesis.json': genesis });
  let askedForBlock = 0;
  let height = 9;
  const node = await fake({
    proveAccount: proving('account at block 9'),
    status: () => ({ ...STATUS, height: height++ }),
    proveBlock: () => {
      if (++askedForBlock === 1) throw new Refusal('UNKNOWN_BLOCK', 'the block is unknown');
      return { proof: vectors.proofs['block 9'], tip: TIP };
    },
  });
  const dave = formatAddress(addressFor('dave'));
  const args = ['prove', 'balance', dave, '-o', 'f', '--wait', '3', '--node', node];
  const made = await home.json(args, { cwd });
  expect(made).toMatchObject({ block: { height: 9 }, tip: { height: 12 }, workOnTop: String(4 * 65_537) });
  expect(await home.json(['verify', 'f'], { cwd })).toMatchObject({ workOnTop: made.workOnTop });
  expect(nodes.at(-1)!.called.filter((method) => method === 'proveAccount')).toHaveLength(2);
});

const STATUS = {
  chainId: 'c'.repeat(64),
  name: 'proofs',
  version: '0.1.0',
  node: 'd'.repeat(64),
  tip: TIP.id,
  stateRoot: 'b'.repeat(64),
  work: '1',
  time: 0,
  peers: 0,
  mempool: 0,
  supply: '0',
  headers: 0,
  syncing: false,
  mining: null,
  listen: null,
};
