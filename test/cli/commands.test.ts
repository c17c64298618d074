/** The commands against stand-ins for nodes: what they print, and what they do about nodes that fail, lie or refuse. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Answer, FakeNode, ID, Refusal, TIP } from './fake-node.ts';
import { PierHome } from './run-pier.ts';

const home = new PierHome();
const nodes: FakeNode[] = [];
const PASSPHRASE = 'correct horse battery staple\n';
let alice: string;

beforeAll(async () => {
  const made = await home.json(['key', 'new', 'alice', '--passphrase-stdin'], { input: PASSPHRASE });
  expect(Object.keys(made)).toEqual(['name', 'address']);
  alice = made.address;
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});
afterAll(() => home.remove());

async function fake(answers: Record<string, Answer>): Promise<string> {
  const node = await FakeNode.start(answers);
  nodes.push(node);
  return node.url;
}

const account = (address: string, balance: string) => ({
  address,
  exists: true,
  balance,
  nonce: 3,
  nextNonce: 3,
  deposits: '0',
  authKey: null,
  locked: false,
  rotatedAt: 0,
  recovery: null,
  history: { hash: ID('0'), count: 3 },
  tip: TIP,
});

const status = {
  chainId: ID('c'),
  name: 'testnet',
  version: '0.1.0',
  node: ID('d'),
  height: 7,
  tip: ID('a'),
  stateRoot: ID('b'),
  work: '12345678901234567890',
  time: 1_700_000_000_000,
  peers: 4,
  mempool: 2,
  supply: '1000000500000',
  headers: 7,
  syncing: false,
  mining: null,
  listen: null,
};

test('status speaks PIER and has just the promised fields', async () => {
  const url = await fake({ status: () => status });
  expect(await home.json(['status', '--trust', '--node', url])).toEqual({
    height: 7,
    tip: ID('a'),
    stateRoot: ID('b'),
    work: '12345678901234567890',
    peers: 4,
    mempool: 2,
    supply: '1000000.5',
    node: ID('d'),
  });
  const { stdout, code } = await home.run(['status', '--trust', '--node', url]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^height +7$/m);
  expect(stdout).not.toContain('\x1b');
});

test('a node that is gone, one that lies and one that answers nonsense are passed over', async () => {
  const gone = await fake({});
  await nodes.pop()!.stop();
  const lies = await fake({ account: () => account('pier1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq', '9') });
  const nonsense = await fake({ account: () => ({ ...account(alice, '-1') }) });
  const good = await fake({ account: () => account(alice, '2500000') });
  const urls = [gone, lies, nonsense, good].flatMap((url) => ['--node', url]);
  expect(await home.json(['balance', 'alice', '--trust', ...urls])).toEqual({
    address: alice,
    balance: '2.5',
    nonce: 3,
    height: 7,
    tip: ID('a'),
  });
});

test('with nothing to ask, every query says how to start', async () => {
  for (const args of [
    ['status'],
    ['balance', 'alice'],
    ['block', 'tip'],
    ['mempool'],
    ['peers'],
    ['forks'],
    ['watch'],
  ]) {
    const { code, stdout } = await home.run([...args, '--json']);
    expect(code, args[0]).toBe(1);
    expect(JSON.parse(stdout).error, args[0]).toMatchObject({
      code: 'NO_NODE',
      hint: expect.stringContaining('npm start'),
    });
  }
  const { stdout, stderr } = await home.run(['status']);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^error: .+\nhint: .*npm start/);
});

test('bad amounts are refused before anything is asked of anyone', async () => {
  for (const amount of [
    '-1',
    '1e3',
    '0x10',
    '01',
    '1.0000001',
    '9007199254740993',
    '0',
    '',
    ' 1',
    '+1',
    '1,5',
  ]) {
    expect(await home.faultCode(['send', 'alice', alice, amount]), amount).toBe('BAD_AMOUNT');
  }
  expect(await home.faultCode(['send', 'alice', alice, '1', '--fee', '-0.1'])).toBe('BAD_AMOUNT');
});

test('what is typed wrong is answered with what would be right', async () => {
  expect(await home.faultCode(['balance', 'nobody', '--node', await fake({})])).toBe('NO_KEY');
  const mistyped = `${alice.slice(0, -1)}${alice.endsWith('q') ? 'p' : 'q'}`;
  expect(await home.faultCode(['balance', mistyped, '--node', await fake({})])).toBe('BAD_ADDRESS');
  expect(await home.faultCode(['block', 'xyz'])).toBe('BAD_ID');
  expect(await home.faultCode(['tx', 'abc'])).toBe('BAD_ID');
  expect(await home.faultCode(['status', '--node', 'nowhere'])).toBe('BAD_NODE');
  expect(await home.faultCode(['status', '--nodes'])).toBe('USAGE');
  const { code, stderr } = await home.run(['balanc', 'alice']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/hint: .*balance/);
});

test("a refusal of a node is told with the ledger's own code, and a memo can't steer the terminal", async () => {
  const refuses = () => {
    throw new Refusal('UNKNOWN_BLOCK', 'the block is unknown');
  };
  expect(await home.faultCode(['block', '99', '--trust', '--node', await fake({ block: refuses })])).toBe(
    'UNKNOWN_BLOCK',
  );
  const transaction = {
    id: ID('f'),
    kind: 'transfer',
    sender: alice,
    nonce: 0,
    fee: '236',
    validUntil: 1_000,
    bytes: 236,
    outputs: [{ to: alice, amount: '1000000' }],
    memo: 'hello\x1b[2Jthere',
  };
  const url = await fake({
    transaction: ({ id }) => ({ id, status: 'pending', confirmations: 0, transaction, tip: TIP }),
  });
  const { stdout } = await home.run(['tx', ID('f'), '--trust', '--node', url]);
  expect(stdout).toContain('hello\\u{1b}[2Jthere');
  expect(await home.json(['tx', ID('f'), '--trust', '--node', url])).toMatchObject({
    status: 'pending',
    confirmations: 0,
    transaction: { fee: '0.000236', outputs: [{ amount: '1' }] },
  });
});

test('keys: made once, encrypted, private files, and their words bring the same address back', async () => {
  const file = join(home.path, 'keys', 'alice.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const twice = await home.faultCode(['key', 'new', 'alice', '--passphrase-stdin'], { input: PASSPHRASE });
  expect(twice).toBe('KEY_EXISTS');
  expect(await home.faultCode(['key', 'new', '../x', '--passphrase-stdin'], { input: PASSPHRASE })).toBe(
    'BAD_KEY_NAME',
  );
  expect(await home.faultCode(['key', 'new', 'bob'])).toBe('PASSPHRASE_NEEDED');
  const { text } = await home.json(['key', 'export', 'alice', '--passphrase-stdin'], { input: PASSPHRASE });
  expect(text.split(' ')).toHaveLength(24);
  expect(readFileSync(file, 'utf8')).not.toContain(text.split(' ')[0]);
  const words = join(home.path, 'words.txt');
  writeFileSync(words, `${text}\n`);
  const args = ['key', 'import', 'again', '--file', words, '--passphrase-stdin'];
  expect(await home.json(args, { input: PASSPHRASE })).toEqual({ name: 'again', address: alice });
  const { keys } = await home.json(['key', 'list']);
  expect(keys.map(({ name }: { name: string }) => name)).toEqual(['again', 'alice']);
  expect(await home.json(['key', 'show', 'alice'])).toMatchObject({ address: alice, encrypted: true });
});

test('help has the global options and examples', async () => {
  for (const args of [
    ['--help'],
    ['send', '--help'],
    ['testnet', 'start', '--help'],
    ['key', 'new', '--help'],
  ]) {
    const { code, stdout } = await home.run(args);
    expect(code).toBe(0);
    expect(stdout).toContain('--json');
    expect(stdout).toContain('Examples:');
  }
});
