/** The commands check what nodes say: over real sockets, against nodes that lie, as people see it. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import { formatPier } from '../../chain/format/amount.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { knowLedger } from '../../wallet/proof/known-ledger.ts';
import { addressFor } from '../chain/actors.ts';
import { GENESIS, viewOf } from '../lying/ledger-view.ts';
import { LyingNode } from '../lying/lying-node.ts';
import { HONEST, LIAR, NOTES, OTHER, Table } from '../lying/table.ts';
import { PierHome } from './run-pier.ts';

const BLOCKS = 12;
const home = new PierHome();
const alice = formatAddress(addressFor('alice'));
let table: Table;
const urls: Record<string, string> = {};
const asking = (...names: string[]) => names.flatMap((name) => ['--node', urls[name]!]);

beforeAll(async () => {
  table = await Table.lay(BLOCKS);
  for (const name of [LIAR, HONEST, OTHER]) urls[name] = await table.nodes[name]!.listen();
  table.nodes[LIAR]!.lie = (method, result) => {
    if (method === 'proveState')
      return { ...result, entries: result.entries.map(() => ({ entry: null, path: '000001' })) };
    if (method === 'account') return { ...result, balance: '7000000' };
    if (method === 'status') return { ...result, supply: '1' };
    return undefined;
  };
});
afterAll(async () => {
  for (const node of Object.values(table.nodes)) await node.stop();
  home.remove();
});

const balanceAt = (height: number): string => {
  const { state } = table.play.chain.get(`b${height}`);
  return formatPier(Number(state!.accounts.get(toHex(addressFor('alice')))!.balance));
};

test('a liar is named, and the honest answer printed with what was checked', async () => {
  const answer = await home.json(['balance', alice, ...asking(LIAR, HONEST)]);
  const { verified, ...rest } = answer;
  expect(Object.keys(rest)).toEqual(['address', 'balance', 'nonce', 'height', 'tip']);
  expect(rest).toMatchObject({ balance: balanceAt(BLOCKS), height: BLOCKS });
  expect(verified).toMatchObject({
    height: BLOCKS,
    nodes: 2,
    below: 0,
    objections: [{ node: urls[LIAR], kind: 'lie' }],
  });
  const { code, stdout, stderr } = await home.run(['balance', alice, ...asking(LIAR, HONEST)]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^checked +against block 12 of 2 nodes$/m);
  expect(stderr).toContain(`${urls[LIAR]} lies: it claims that there is no ${alice}`);
});

test('a lone node is asked six blocks deep, and --trust believes', async () => {
  const lone = await home.json(['balance', alice, ...asking(HONEST)]);
  expect(lone).toMatchObject({ balance: balanceAt(BLOCKS - 6), verified: { nodes: 1, below: 6 } });
  const { stdout } = await home.run(['balance', alice, ...asking(HONEST)]);
  expect(stdout).toContain('6 blocks below the tip of the one node asked');
  const trusted = await home.json(['balance', alice, '--trust', ...asking(LIAR)]);
  expect(trusted).toEqual({
    address: alice,
    balance: '7',
    nonce: expect.any(Number),
    height: BLOCKS,
    tip: expect.any(String),
  });
});

test('with liars only nothing is printed', async () => {
  const { code, stdout, stderr } = await home.run(['balance', alice, ...asking(LIAR)]);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/error: .*it claims that there is no pier1[\s\S]*hint: .*--trust/);
  expect(await home.faultCode(['status', ...asking(LIAR)])).toBe('NOT_VERIFIED');
});

test('every reading command says what was checked', async () => {
  const block = table.play.chain.get('b3');
  const id = block.transactions[0]!.key;
  const both = asking(HONEST, OTHER);
  expect(await home.json(['status', ...both])).toMatchObject({
    height: BLOCKS,
    verified: { fields: expect.arrayContaining(['supply']) },
  });
  expect(await home.json(['block', '3', ...both])).toMatchObject({
    id: block.id,
    transactions: [{ id }, {}],
    verified: { height: BLOCKS },
  });
  expect(await home.json(['block', block.id, ...both])).toMatchObject({ height: 3 });
  expect(await home.json(['block', 'tip', ...both])).toMatchObject({ height: BLOCKS, active: true });
  expect(await home.faultCode(['block', '99', ...both])).toBe('UNKNOWN_BLOCK');
  expect(await home.json(['tx', id, ...both])).toMatchObject({
    status: 'mined',
    confirmations: 10,
    block: { height: 3, index: 0 },
  });
  const unknown = await home.json(['tx', '00'.repeat(32), ...both]);
  expect(unknown).toMatchObject({ status: 'unknown', verified: { fields: [] } });
  const { items, next } = await home.json(['history', alice, '--limit', '2', ...both]);
  const rest = await home.json(['history', alice, '--before', next, ...both]);
  expect([...items, ...rest.items].map(({ height }: { height: number }) => height)).toEqual([5, 4, 3, 2, 1]);
  const record = await home.json(['record', 'get', toHex(NOTES), ...both]);
  expect(record).toMatchObject({
    name: 'notes',
    owner: formatAddress(addressFor('bob')),
    verified: { nodes: 2 },
  });
  expect(await home.faultCode(['record', 'get', '00'.repeat(32), ...both])).toBe('NO_RECORD');
});

test('what is asked about records and recovery is checked too, unless nodes are to be trusted', async () => {
  const [notes, bob] = [toHex(NOTES), formatAddress(addressFor('bob'))];
  const both = asking(HONEST, OTHER);
  const page = await home.json(['record', 'history', notes, '--limit', '1', ...both]);
  expect(page).toMatchObject({ record: notes, height: BLOCKS, next: '1', verified: { height: BLOCKS } });
  const rest = await home.json(['record', 'history', notes, '--before', page.next, ...both]);
  const told = await home.json(['record', 'history', notes, '--trust', ...both]);
  expect(Object.keys(told)).toEqual(['record', 'items', 'next', 'height', 'tip']);
  expect([...page.items, ...rest.items]).toEqual(told.items);
  expect(told.items.map(({ kind }: { kind: string }) => kind)).toEqual(['give', 'put']);
  expect(await home.faultCode(['record', 'history', '00'.repeat(32), ...both])).toBe('NO_RECORD');

  const { verified, ...list } = await home.json(['record', 'list', bob, ...both]);
  expect(list).toMatchObject({ owner: bob, records: [{ id: notes, name: 'notes' }], next: null });
  expect(verified).toMatchObject({ nodes: 2, fields: ['owner', 'records', 'height', 'tip'] });
  expect(await home.json(['record', 'list', bob, '--trust', ...both])).toEqual(list);
  const { stdout } = await home.run(['record', 'list', bob, ...both]);
  expect(stdout).toContain('that none is left out can not be proved, against block 12 of 2 nodes');

  const status = await home.json(['recovery', 'status', alice, ...both]);
  expect(Object.keys(status)).toEqual([...status.verified.fields, 'verified']);
  expect(status).toMatchObject({ exists: true, recovery: null, height: BLOCKS, verified: { nodes: 2 } });

  for (const args of [
    ['record', 'history', notes],
    ['record', 'list', bob],
    ['recovery', 'status', alice],
  ]) {
    const { objections } = (await home.json([...args, ...asking(LIAR, HONEST)])).verified;
    expect(objections).toMatchObject([{ node: urls[LIAR], kind: 'lie' }]);
  }
  expect(await home.faultCode(['record', 'list', bob, ...asking(LIAR)])).toBe('NOT_VERIFIED');
});

test('what was verified is kept privately, and begun anew when it is damaged', async () => {
  await home.json(['balance', alice, ...asking(HONEST, OTHER)]);
  const folder = join(home.path, 'client');
  const [name] = readdirSync(folder);
  expect(name).toBe(`${toHex(table.genesis.id)}.chain`);
  const path = join(folder, name!);
  expect([statSync(folder).mode & 0o777, statSync(path).mode & 0o777]).toEqual([0o700, 0o600]);
  const kept = readFileSync(path);
  writeFileSync(path, kept.subarray(0, 100));
  expect((await home.json(['balance', alice, ...asking(HONEST, OTHER)])).height).toBe(BLOCKS);
  expect(readFileSync(path)).toEqual(kept);
});

test('nodes of different ledgers are told apart', async () => {
  const genesis = { ...GENESIS, salt: '22'.repeat(32) };
  const chainId = toHex((await knowLedger(genesis)).chainId);
  const foreign = new LyingNode(viewOf(table.play.real.ledger), (method) =>
    method === 'params' ? { genesis, chainId } : undefined,
  );
  const url = await foreign.listen();
  expect(await home.faultCode(['balance', alice, ...asking(HONEST), '--node', url])).toBe('OTHER_LEDGER');
  // A chain id that is not the genesis's is no answer, and the next node is asked.
  foreign.lie = (method) => (method === 'params' ? { genesis, chainId: '11'.repeat(32) } : undefined);
  expect((await home.json(['balance', alice, ...asking(HONEST), '--node', url])).height).toBe(BLOCKS);
  expect(await home.faultCode(['balance', alice, '--node', url])).toBe('BAD_ANSWER');
  await foreign.stop();
});
