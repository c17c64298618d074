/** Proofs of the state a few blocks below the tip: right at each depth, gone beyond, through reorganisations, never written. */
import { beforeEach, expect, test } from 'vitest';
import { equalBytes, toHex } from '../../../chain/format/bytes.ts';
import { EARLIER_BLOCKS_MAX, EarlierState } from '../../../chain/ledger/earlier-state.ts';
import { getAccounts } from '../../../chain/ledger/queries.ts';
import { accountRef, decodeAccount, TOTALS, valueHash } from '../../../chain/state/entries.ts';
import { decodeProof, verifyProof } from '../../../chain/state/tree-proof.ts';
import { addressFor, put, transfer } from '../actors.ts';
import { Play } from './play.ts';

const BLOCKS = 24;
const PEOPLE = ['alice', 'bob', 'carol', 'dave', 'miner', 'nobody'];
let play: Play;
let earlier: EarlierState;

beforeEach(async () => {
  play = await Play.start();
  for (let i = 1; i <= BLOCKS; i++) {
    const transactions = [
      transfer('alice', i % 3 === 0 ? 'dave' : 'bob', i * 1_000),
      put('carol', `n${i}`, `${i}`),
    ];
    play.chain.block(`b${i}`, { transactions: i % 4 === 0 ? [] : transactions });
    expect(await play.block(`b${i}`)).toBeNull();
  }
  earlier = new EarlierState(play.real.ledger);
});

/** Asks for everybody as of a block, and holds it against the naive model. */
async function check(name: string): Promise<void> {
  const { header, state, id } = play.chain.get(name);
  const refs = [...PEOPLE.map((person) => accountRef(addressFor(person))), TOTALS];
  const { tip, value } = await earlier.prove(play.real.node(id), refs);
  expect(play.real.ledger.isActive(tip)).toBe(true);
  for (const [i, { bytes, proof }] of value.entries()) {
    const shown = bytes === null ? null : valueHash(bytes);
    expect(
      verifyProof(header.stateRoot, refs[i]!.key, shown, decodeProof(proof)),
      `${refs[i]!.name} at ${name}`,
    ).toBe(true);
  }
  for (const [i, person] of PEOPLE.entries()) {
    const { bytes } = value[i]!;
    const expected = state!.accounts.get(toHex(addressFor(person)));
    expect(bytes === null ? null : BigInt(decodeAccount(bytes).balance)).toBe(expected?.balance ?? null);
  }
}

test('the tip and each of the blocks below it, in any order; not one more', async () => {
  const depths = [0, 1, 5, EARLIER_BLOCKS_MAX, 3, 0, 7, 2];
  for (const depth of depths) await check(`b${BLOCKS - depth}`);
  await expect(check(`b${BLOCKS - EARLIER_BLOCKS_MAX - 1}`)).rejects.toMatchObject({ code: 'UNKNOWN_BLOCK' });
  await check(`b${BLOCKS - 4}`);
});

test('many at once, and while the chain goes on', async () => {
  for (let i = 1; i <= 3; i++) play.chain.block(`c${i}`, { transactions: [transfer('bob', 'alice', i)] });
  const asked = Array.from({ length: 20 }, (_, i) =>
    check(`b${BLOCKS - (i % 9)}`).catch((error: Error) => error),
  );
  const blocks = play.blocks('c1', 'c2', 'c3');
  const outcomes = await Promise.all(asked);
  expect(await blocks).toEqual([null, null, null]);
  for (const outcome of outcomes) expect(outcome).toBeUndefined();
  await check('c3');
  await check('c1');
  await check(`b${BLOCKS}`);
});

test('after a reorganisation: only what is on the chain now', async () => {
  await check(`b${BLOCKS - 2}`);
  play.chain.blocks('x', 6, { on: `b${BLOCKS - 3}` });
  await play.blocks(...play.chain.names('x', 6));
  expect(play.tip).toBe('x6');
  await check('x6');
  await check('x1');
  await check(`b${BLOCKS - 5}`);
  await expect(check(`b${BLOCKS}`)).rejects.toMatchObject({ code: 'UNKNOWN_BLOCK' });
});

test('nothing is written, and the ledger goes on as if nobody had asked', async () => {
  const { store, ledger } = play.real;
  const rows = async () =>
    (await store.iterate({ from: new Uint8Array(0), to: new Uint8Array(64).fill(255), limit: 100_000 })).map(
      ([key, value]) => [toHex(key), toHex(value)],
    );
  const before = await rows();
  await check(`b${BLOCKS - 9}`);
  expect(await rows()).toEqual(before);
  expect(equalBytes(ledger.tree.root, ledger.tip.header.stateRoot)).toBe(true);
  expect((await getAccounts(ledger, [addressFor('alice')])).value[0]).not.toBeNull();
  play.chain.block('next', { transactions: [transfer('alice', 'bob', 5)] });
  expect(await play.block('next')).toBeNull();
});
