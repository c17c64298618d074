/** What becomes of transactions that were signed here: each verdict, each way on, and each refusal, where they are right. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import { toHex } from '../../chain/format/bytes.ts';
import type { Transaction } from '../../chain/format/transaction.ts';
import { checked } from '../../cli/checked.ts';
import { forget, list, replace, resend } from '../../cli/commands/pending.ts';
import { followTransaction } from '../../cli/follow.ts';
import { Outbox } from '../../cli/outbox.ts';
import { Sending } from '../../cli/sending.ts';
import { decodeOutbox } from '../../wallet/outbox.ts';
import { addressFor, signDraft, transfer } from '../chain/actors.ts';
import { LiveLedger } from './live-ledger.ts';
import { type Lie, LyingNode, Refused } from './lying-node.ts';
import { COMMANDS, type Command, HONEST, LIAR, SigningDesk } from './signing-desk.ts';

let desk: SigningDesk;
beforeAll(async () => {
  desk = await SigningDesk.open();
});
beforeEach(() => desk.reset());
afterAll(() => desk.close());

const honest: Lie = () => undefined;
const swallows: Lie = (method) => (method === 'submit' ? new Refused(-32603, 'broken') : undefined);
const send = COMMANDS.send!;
const run = (command: Command, home: string, options = {}) =>
  desk.run(command, [HONEST], honest, home, options);
const pendingOf = async (home: string) => (await run((context) => list(context), home)).answer;
const fileOf = (home: string, name: string): string =>
  join(home, 'keys', 'outbox', `${formatAddress(addressFor(name))}-${chainId().slice(0, 16)}.outbox`);
const chainId = (): string => toHex(desk.honest.harness.ledger.chainId);
const outboxOf = (home: string, name: string): Outbox =>
  new Outbox(join(home, 'keys'), formatAddress(addressFor(name)), chainId());

/** One that pays too little to be mined, so that only time and its nonce decide about it. */
async function cheap(from: string, blocks = 500): Promise<Transaction> {
  const { value } = await desk.honest.view().account(addressFor(from));
  const signing = {
    chainId: desk.honest.harness.ledger.chainId,
    nonce: value!.nonce,
    key: from,
    feePerByte: 0,
  };
  const validUntil = desk.honest.height + blocks;
  return signDraft(transfer(from, 'erin', 5, { fee: 0, validUntil }), signing);
}

/** Writes it down, as the command does that signs it. */
function keep(home: string, from: string, transaction: Transaction): void {
  const flags = { acknowledged: true, told: true, forgotten: false, mined: null };
  outboxOf(home, from).write([{ what: 'a cheap one', signedAt: 1, signed: [transaction], ...flags }]);
}

const follow =
  (transaction: Transaction): Command =>
  async (context) => {
    const sending = await Sending.open(context, 'alice', {});
    await followTransaction(sending, transaction, context.output.progress(''), async () => {});
  };

test('expired: followed to its end, and told of by the next command', async () => {
  const home = desk.newHome();
  const transaction = await cheap('alice', 2);
  keep(home, 'alice', transaction);
  const { fault } = await run(follow(transaction), home);
  expect(fault).toMatchObject({ code: 'EXPIRED', message: expect.stringContaining('that is proved') });
  expect(desk.honest.height).toBeGreaterThanOrEqual(transaction.validUntil + 6);
  const after = await run((context) => resend(context, transaction.key, {}), home);
  expect(after.answer).toEqual({ id: transaction.key, status: 'over' });
  expect(after.notes.join()).toContain('was not mined in time, and never will be');
  expect(await pendingOf(home)).toEqual({ pending: [], damaged: [] });
});

test('replaced: another transaction with its nonce is six blocks deep', async () => {
  const home = desk.newHome();
  const transaction = await cheap('alice');
  keep(home, 'alice', transaction);
  await desk.honest.play(transfer('alice', 'bob', 7));
  const { fault } = await run(follow(transaction), home);
  expect(fault).toMatchObject({ code: 'REPLACED', hint: expect.stringContaining('pier history') });
  const after = await run(send, home);
  expect(after.notes.join()).toMatch(/a cheap one .* never will be mined: [0-9a-f]{10} has its nonce/);
  expect(after.signed.map(({ nonce }) => nonce)).toEqual([transaction.nonce + 1]);
});

test('dropped: every node says so again and again, and the advice is to hand it over again', async () => {
  const dropped: Lie = (method, result) =>
    method === 'transaction'
      ? { ...result, status: 'dropped', block: null, reason: { code: 'POOL_FULL', message: 'full' } }
      : undefined;
  const { fault } = await desk.run(COMMANDS['send --wait']!, [LIAR], dropped);
  expect(fault).toMatchObject({
    code: 'DROPPED',
    message: expect.stringContaining('Nothing of that is proved'),
    hint: expect.stringContaining('pier pending resend'),
  });
});

test('resend: what no node took is taken', async () => {
  const home = desk.newHome();
  const first = await desk.run(send, [LIAR], swallows, home);
  const id = first.signed[0]!.key;
  const again = await run((context) => resend(context, id.slice(0, 10), {}), home);
  expect(again.answer).toEqual({ id, status: 'pending' });
  expect(again.signed.map(({ key }) => key)).toEqual([id]);
});

test('replace: of two versions one is mined, and then there is nothing to replace', async () => {
  const home = desk.newHome();
  const first = await cheap('alice');
  keep(home, 'alice', first);
  const second = await run((context) => replace(context, first.key, { wait: true }), home);
  expect(second.answer).toMatchObject({ status: 'mined' });
  expect(second.answer!.id).not.toBe(first.key);
  await desk.honest.mine(8);
  const third = await run((context) => replace(context, first.key, {}), home);
  expect(third.fault).toMatchObject({ code: 'NOTHING_OPEN' });
  expect(third.signed.filter(({ key }) => key !== first.key && key !== second.answer!.id)).toEqual([]);
});

test('forget: the next transaction takes the nonce, and one of the two is mined', async () => {
  const home = desk.newHome();
  const first = await cheap('alice');
  keep(home, 'alice', first);
  const forgotten = await run((context) => forget(context, first.key), home);
  expect(forgotten.answer).toEqual({ id: first.key, status: 'forgotten' });
  expect((await pendingOf(home))!.pending).toMatchObject([{ id: first.key, state: 'forgotten' }]);
  const next = await run(COMMANDS['send --wait']!, home);
  expect(next.answer).toMatchObject({ status: 'mined' });
  expect(next.signed.map(({ nonce }) => nonce)).toEqual([first.nonce]);
});

test('a change of the key that waits to be mined is not signed twice', async () => {
  const home = desk.newHome();
  const rotate = COMMANDS['key rotate']!;
  const first = await run(rotate, home, { wait: false });
  expect(first.answer).toMatchObject({ status: 'pending' });
  const second = await run(rotate, home);
  expect(second.fault).toMatchObject({ code: 'ROTATION_PENDING' });
  expect(second.signed.filter(({ key }) => key !== first.signed[0]!.key)).toEqual([]);
  // The old key could sign nothing that is valid after it.
  const other = await run(send, home);
  expect(other.fault).toMatchObject({ code: 'ROTATION_PENDING', hint: expect.stringContaining('try again') });
  await desk.honest.mine();
  expect((await run(send, home)).fault).toBe(null);
});

test('a change of the key that is refused leaves no key behind', async () => {
  const home = desk.newHome();
  for (const [name, options] of [
    ['key rotate', {}],
    ['recovery start', { as: 'carol-2' }],
    ['recovery start', {}],
  ] as const) {
    const refused = await run(COMMANDS[name]!, home, { maxFee: '0.000001', ...options });
    expect(refused.fault?.code).toBe('FEE_OVER_CAP');
  }
  const files = readdirSync(join(home, 'keys')).filter((name) => /spare$|^carol-2/.test(name));
  expect(files).toEqual([]);
});

test('a record that is damaged stops its own account alone, names itself and says what to do', async () => {
  const home = desk.newHome();
  keep(home, 'alice', await cheap('alice'));
  keep(home, 'bob', await cheap('bob'));
  const path = fileOf(home, 'alice');
  const whole = readFileSync(path);
  const damages = [
    whole.subarray(0, 100),
    whole.subarray(0, -1),
    Buffer.alloc(whole.length),
    Buffer.from(whole.toString().replace('"acknowledged": true', '"acknowledged": false')),
  ];
  for (const damage of damages) {
    writeFileSync(path, damage);
    const { fault, signed } = await run(send, home);
    expect(fault).toMatchObject({ code: 'BAD_OUTBOX', message: expect.stringContaining(path) });
    expect(fault!.hint).toContain('restore it');
    expect(signed).toEqual([]);
  }
  const listed = await pendingOf(home);
  expect(listed!.pending).toMatchObject([{ account: formatAddress(addressFor('bob')) }]);
  expect(listed!.damaged).toMatchObject([{ path, account: formatAddress(addressFor('alice')) }]);
  // The file may be whole, so the hint must not suggest deleting it.
  rmSync(path);
  mkdirSync(path);
  const unread = await run(send, home);
  expect(unread.fault).toMatchObject({
    code: 'BAD_OUTBOX',
    message: expect.stringContaining("can't be read"),
  });
  expect([unread.fault!.hint.includes('delete'), unread.signed]).toEqual([false, []]);
  expect((await pendingOf(home))!.damaged).toMatchObject([{ path }]);
  rmSync(path, { recursive: true });
  // A copy beside it is no second record.
  writeFileSync(`${path.slice(0, -7)}-old.outbox`, whole);
  writeFileSync(path, whole);
  const copied = await pendingOf(home);
  expect(copied!.pending).toHaveLength(2);
  expect(copied!.damaged).toMatchObject([{ hint: expect.stringContaining('this file is a copy') }]);
});

test('no bit of a record can change without being noticed', async () => {
  const home = desk.newHome();
  keep(home, 'alice', await cheap('alice'));
  const path = fileOf(home, 'alice');
  const bytes = new Uint8Array(readFileSync(path));
  expect(decodeOutbox(bytes).entries).toHaveLength(1);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => decodeOutbox(bytes), `bit ${bit}`).toThrow();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
});

test('a lone node behind the chain that was checked here gets no signature', async () => {
  const home = desk.newHome();
  const first = await run(send, home);
  expect(first.fault).toBe(null);
  await desk.branchOff();
  for (const command of Object.values(COMMANDS)) {
    const { fault, signed } = await desk.run(command, [LIAR], honest, home);
    expect(fault).toMatchObject({ code: 'NOT_VERIFIED', message: expect.stringContaining('less work') });
    expect(signed).toEqual([]);
  }
  // To hand over again signs nothing.
  const { key } = first.signed[0]!;
  const again = await desk.run((context) => resend(context, key, {}), [LIAR], honest, home);
  expect([again.answer, again.signed.map((one) => one.key)]).toEqual([{ id: key, status: 'pending' }, [key]]);
  expect((await desk.run((context) => replace(context, key, {}), [LIAR], honest, home)).fault).toMatchObject({
    code: 'NOT_VERIFIED',
    message: expect.stringContaining('less work'),
  });
  // Reading has checked more than it took its answer from: that counts as well.
  const reader = desk.newHome();
  await run(async (context) => void (await checked(context, async () => null)), reader);
  expect((await desk.run(send, [LIAR], honest, reader)).fault?.code).toBe('NOT_VERIFIED');
});

test('a wait at a lone node behind the chain that was checked here goes on, and says why', async () => {
  const home = desk.newHome();
  const late = await LiveLedger.open('rival');
  await late.copy(desk.honest, desk.honest.height - 3);
  const { value } = await late.view().account(addressFor('alice'));
  const signing = { chainId: late.harness.ledger.chainId, nonce: value!.nonce, key: 'alice', feePerByte: 50 };
  const transaction = signDraft(transfer('alice', 'bob', 7), signing);
  await late.submit([transaction.bytes]);
  await late.mine(1);
  await run(async (context) => void (await checked(context, async () => null)), home);
  desk.nodes[LIAR] = new LyingNode(late.view());
  const shown: string[] = [];
  const wait: Command = async (context) => {
    const sending = await Sending.open(context, 'alice', {}, { signs: false });
    const progress = Object.assign(context.output.progress(''), {
      update: (text: string) => shown.push(text),
    });
    await followTransaction(sending, transaction, progress, async () => {});
  };
  expect((await desk.run(wait, [LIAR], honest, home)).fault?.code).toBe('INTERRUPTED');
  expect(new Set(shown)).toEqual(new Set([expect.stringContaining('a chain with less work')]));
});

test('a nonce that was proved to be used is not signed again, although the chain that nodes share shows it free', async () => {
  const home = desk.newHome();
  const first = await run(send, home);
  await desk.honest.mine(8);
  // This one proves that the first is settled, and takes it out of the record.
  const second = await run(send, home);
  expect(second.signed.map(({ nonce }) => nonce)).toEqual([first.signed[0]!.nonce + 1]);
  await desk.honest.mine(1);
  const late = await LiveLedger.open();
  await late.copy(desk.honest, desk.honest.height - 9);
  // One node is late, and the other hides what is in the blocks since.
  desk.nodes[LIAR] = new LyingNode(desk.honest.view());
  desk.nodes[HONEST] = new LyingNode(late.view());
  const hides: Lie = (method) => (method === 'body' ? new Refused(-32603, 'broken') : undefined);
  const { fault, signed } = await desk.run(COMMANDS['record put']!, [LIAR, HONEST], hides, home);
  expect(fault).toMatchObject({ code: 'NOT_VERIFIED', message: expect.stringContaining('is used') });
  expect(signed.filter(({ key }) => key !== second.signed[0]!.key)).toEqual([]);
  expect((await desk.run(COMMANDS['record put']!, [LIAR], honest, home)).fault).toBe(null);
});

test('a script is told to say which ledger is meant, and signs nothing', async () => {
  const home = desk.newHome();
  rmSync(join(home, 'testnet.json'));
  const unknown = await run(send, home);
  expect(unknown.fault).toMatchObject({
    code: 'LEDGER_UNKNOWN',
    hint: expect.stringContaining('--genesis FILE'),
  });
  expect(unknown.signed).toEqual([]);
  expect(existsSync(join(home, 'keys', 'ledgers.pins'))).toBe(false);
  const told = await run(send, home, { genesis: join(home, 'genesis.json') });
  expect(told.fault).toBe(null);
  // It is kept for these nodes.
  expect((await run(COMMANDS['record put']!, home)).fault).toBe(null);
});
