/** One command makes at most one payment: what is written down, gone on with, replaced and forgotten; and which ledger is meant. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { forget, list, replace } from '../../cli/commands/pending.ts';
import { pinLedger, pinnedLedgers } from '../../cli/pins.ts';
import { chooseNonce } from '../../wallet/outbox.ts';
import { LIVE_GENESIS, LIVE_PARAMS } from './live-ledger.ts';
import { type Json, type Lie, Refused } from './lying-node.ts';
import { COMMANDS, HONEST, LIAR, SigningDesk } from './signing-desk.ts';

let desk: SigningDesk;
beforeAll(async () => {
  desk = await SigningDesk.open();
});
beforeEach(() => desk.reset());
afterAll(() => desk.close());

const send = COMMANDS.send!;
const honest: Lie = () => undefined;
/** Keeps what it is given, and says that it doesn't. */
const refuses =
  (code: string): Lie =>
  (method, _result, params) =>
    method === 'submit'
      ? { results: params.transactions.map(() => ({ error: { code, message: 'no' } })) }
      : undefined;
const swallows: Lie = (method) => (method === 'submit' ? new Refused(-32603, 'broken') : undefined);

async function pendingOf(home: string): Promise<Json[]> {
  return (await desk.run((context) => list(context), [HONEST], honest, home)).answer.pending;
}

test.each(['NONCE_USED', 'NONCE_GAP', 'REPLACEMENT_FEE', 'POOL_FULL', 'EXPIRED', 'ALREADY_KNOWN'])(
  'a lone node that refuses with %s gets one signature, and the next command no other nonce',
  async (code) => {
    const home = desk.newHome();
    const lie: Lie = (method, result, params) => {
      if (method === 'account') return { ...result, nextNonce: result.nextNonce + 3 };
      return refuses(code)(method, result, params);
    };
    const first = await desk.run(send, [LIAR], lie, home);
    expect(first.fault?.code).toBe('NOT_TAKEN');
    expect(await pendingOf(home)).toMatchObject([{ state: 'unknown', id: first.signed[0]!.key }]);
    // Another intent is not signed past it.
    const other = await desk.run(COMMANDS['record put']!, [LIAR], lie, home);
    expect(other.fault?.code).toBe('PENDING');
    expect(other.signed.map(({ key }) => key)).toEqual([first.signed[0]!.key]);
  },
);

test('the same command given again goes on with what could not be handed over', async () => {
  const home = desk.newHome();
  const first = await desk.run(send, [LIAR], swallows, home);
  expect(first.fault?.code).toBe('NOT_TAKEN');
  const again = await desk.run(send, [HONEST], honest, home);
  expect(again.answer).toMatchObject({ id: first.signed[0]!.key, resumed: true });
  expect(again.signed.map(({ key }) => key)).toEqual([first.signed[0]!.key]);
  // That one has answered: the same once more is another payment, at the next nonce.
  const third = await desk.run(send, [HONEST], honest, home);
  expect(third.signed.map(({ nonce }) => nonce - first.signed[0]!.nonce)).toEqual([0, 1]);
});

test('a replacement has the same nonce and pays more; what was forgotten gives its nonce to the next', async () => {
  const home = desk.newHome();
  const first = await desk.run(send, [LIAR], swallows, home);
  const [{ id }] = await pendingOf(home);
  const replaced = await desk.run((context) => replace(context, id, {}), [LIAR], swallows, home);
  const [newest] = replaced.signed.filter(({ key }) => key !== id);
  expect(newest).toMatchObject({ nonce: first.signed[0]!.nonce });
  expect(10 * newest!.fee).toBeGreaterThanOrEqual(11 * first.signed[0]!.fee);
  await desk.run((context) => forget(context, id), [HONEST], honest, home);
  // The node has it after all, and shows it: then it is not signed past, and not replaced either.
  const next = await desk.run(COMMANDS['record put']!, [HONEST], honest, home);
  expect(next.fault?.code).toBe('PENDING');
  expect(next.signed).toEqual([]);
  // Nobody shows it: the next intent gets its nonce, so that one of the two is mined.
  const flags = { what: '', signedAt: 0, acknowledged: false, told: true, forgotten: true, mined: null };
  const { nonce } = newest!;
  expect(chooseNonce(nonce, [{ ...flags, signed: [newest!] }], [])).toEqual({ nonce, waiting: [] });
});

test('nothing is handed over that could not be written down', async () => {
  const home = desk.newHome();
  // A file stands where the folder of the record is to be.
  writeFileSync(join(home, 'keys', 'outbox'), '');
  const run = await desk.run(send, [HONEST], honest, home);
  expect(run.fault).not.toBe(null);
  expect(run.signed).toEqual([]);
});

test('a fee over the cap is refused with the name of who asks for it, unless it is allowed', async () => {
  const dear: Lie = (method, result) =>
    method === 'fee' ? { ...result, perByte: '300', floorPerByte: '300' } : undefined;
  const { fault, signed } = await desk.run(send, [LIAR], dear);
  expect(fault).toMatchObject({ code: 'FEE_OVER_CAP', message: expect.stringContaining(LIAR) });
  expect(signed).toEqual([]);
  expect((await desk.run(send, [LIAR, HONEST], dear)).answer.costs.fee).toBe(
    ((LIVE_PARAMS.prices.feePerByte * 170) / 1e6).toFixed(5),
  );
  const allowed = await desk.run(send, [LIAR], dear, undefined, { maxFee: '1' });
  expect(allowed.signed[0]!.fee).toBe(300 * 170);
});

test('a ledger is pinned for an account and a node, and another takes its place openly', async () => {
  const [a, b] = ['aa'.repeat(32), 'bb'.repeat(32)];
  const account = LIVE_GENESIS.allocations[0]!.address;
  const keys = join(desk.newHome(), 'keys');
  expect(pinnedLedgers(keys, account, [LIAR])).toEqual([]);
  expect(await pinLedger(keys, account, [LIAR], a)).toEqual([]);
  expect(pinnedLedgers(keys, account, [LIAR, HONEST])).toEqual([a]);
  expect(pinnedLedgers(keys, account, [HONEST])).toEqual([]);
  expect(await pinLedger(keys, account, [LIAR, HONEST], b)).toEqual([a]);
  expect(pinnedLedgers(keys, account, [LIAR, HONEST])).toEqual([b]);
});

test('commands that pin at the same time lose none of their pins', async () => {
  const keys = join(desk.newHome(), 'keys');
  const accounts = LIVE_GENESIS.allocations.map(({ address }) => address);
  await Promise.all(accounts.map((account) => pinLedger(keys, account, [LIAR], 'aa'.repeat(32))));
  for (const account of accounts) expect(pinnedLedgers(keys, account, [LIAR])).toHaveLength(1);
});
