/** A node that lies gets nothing through: each lie is found and named, and the honest node's answer is given instead. */
import { beforeAll, describe, expect, test } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import { concat, fromHex, toHex } from '../../chain/format/bytes.ts';
import { decodeProofFile, encodeProofFile, type Proof, seal } from '../../chain/proof/proof-file.ts';
import { accountRef, decodeEntry, encodeEntry, valueHash } from '../../chain/state/entries.ts';
import { leafHash } from '../../chain/state/node-hash.ts';
import { encodeProof } from '../../chain/state/tree-proof.ts';
import { newAccount } from '../../chain/state/working-state.ts';
import { checkedBlock, checkedTransaction } from '../../wallet/checked/block-answers.ts';
import { checkedHistory } from '../../wallet/checked/history-answers.ts';
import { checkedRecordHistory } from '../../wallet/checked/record-answers.ts';
import type { Session } from '../../wallet/checked/session.ts';
import { checkedAccount, checkedRecord } from '../../wallet/checked/state-answers.ts';
import { endOfChain, startChain } from '../../wallet/headers/verified-chain.ts';
import { addressFor, transfer } from '../chain/actors.ts';
import { Play } from '../chain/ledger/play.ts';
import { Random } from '../chain/random.ts';
import { PARAMS } from './ledger-view.ts';
import type { Json, Lie } from './lying-node.ts';
import { HONEST, LIAR, liarsOf, NOTES, OTHER, playLedger, Table } from './table.ts';

const BLOCKS = 12;
const ALICE = addressFor('alice');
let table: Table;
let transactionId: string;
beforeAll(async () => {
  table = await Table.lay(BLOCKS);
  transactionId = table.play.chain.get('b3').transactions[1]!.key;
});

/** Everything a client can ask, by kind of proof: what it reads, and the method whose answer carries the proof. */
const READS: Record<string, { method: string; read: (session: Session) => Promise<unknown> }> = {
  account: { method: 'proveState', read: (session) => checkedAccount(session, ALICE) },
  'absent account': {
    method: 'proveState',
    read: (session) => checkedAccount(session, addressFor('nobody')),
  },
  record: { method: 'proveState', read: (session) => checkedRecord(session, NOTES) },
  'absent record': { method: 'proveState', read: (session) => checkedRecord(session, new Uint8Array(32)) },
  transaction: { method: 'proveTransaction', read: (session) => checkedTransaction(session, transactionId) },
  history: { method: 'proveHistory', read: (session) => checkedHistory(session, ALICE, 20, undefined) },
  'record history': {
    method: 'proveHistory',
    read: (session) => checkedRecordHistory(session, NOTES, { limit: 20 }),
  },
  block: { method: 'body', read: (session) => checkedBlock(session, 3) },
};

test('with honest nodes all is answered at their common tip, and nobody is accused', async () => {
  const session = await table.open([HONEST, OTHER]);
  expect(session.agreement).toMatchObject({ nodes: [HONEST, OTHER], below: 0 });
  expect(toHex(session.agreement.header.id)).toBe(table.play.real.tip);
  const alice = await checkedAccount(session, ALICE);
  expect(alice?.balance).toBe(Number(table.play.chain.get('b12').state!.accounts.get(toHex(ALICE))!.balance));
  expect(await checkedAccount(session, addressFor('nobody'))).toBeNull();
  expect((await checkedRecord(session, NOTES))?.owner).toEqual(addressFor('bob'));
  expect((await checkedBlock(session, 3))?.transactions).toHaveLength(2);
  expect(await checkedTransaction(session, transactionId)).toMatchObject({
    index: 1,
    block: { agreed: true },
  });
  expect(await checkedTransaction(session, '00'.repeat(32))).toBeNull();
  const { items, next } = await checkedHistory(session, ALICE, 3, undefined);
  expect([items.length, next]).toEqual([3, '2']);
  const rest = await checkedHistory(session, ALICE, 3, next!);
  expect([rest.items.map(({ height }) => height), rest.next]).toEqual([[2, 1], null]);
  expect(session.objections).toEqual([]);
});

test('a lone node is believed six blocks deep only, and at the genesis of a short chain', async () => {
  const session = await table.open([HONEST]);
  expect(session.agreement).toMatchObject({ nodes: [HONEST], below: 6 });
  expect(session.agreement.header.header.height).toBe(BLOCKS - 6);
  const short = await Table.lay(4);
  expect((await short.open([HONEST])).agreement).toMatchObject({ below: 4 });
});

describe('1,000 changes of each kind of proof', () => {
  test.each(Object.keys(READS))(
    '%s',
    async (name) => {
      const { method, read } = READS[name]!;
      const random = new Random(name.length);
      const truth = await read(await table.open([HONEST, OTHER]));
      // What follows is about one answer each; the headers were checked once.
      const warm = (await table.open([HONEST, OTHER])).chain;
      const fresh = table.chain;
      table.chain = warm;
      try {
        for (let change = 0; change < 1_000; change++) {
          let changed = 0;
          table.nodes[LIAR]!.lie = (called, result) => {
            if (called !== method || result === undefined) return undefined;
            changed++;
            return damage(result, random);
          };
          const session = await table.open([LIAR, HONEST, OTHER]);
          expect(await read(session), `change ${change}`).toEqual(truth);
          expect(changed, `change ${change}`).toBeGreaterThan(0);
          expect(
            session.objections.map(({ node }) => node),
            `change ${change}`,
          ).toEqual([LIAR]);
        }
      } finally {
        table.chain = fresh;
        table.nodes[LIAR]!.lie = () => undefined;
      }
    },
    120_000,
  );
});

test('1,000 changes of headers: what is agreed on is of the honest chain', async () => {
  const random = new Random(1);
  let named = 0;
  for (let change = 0; change < 1_000; change++) {
    table.nodes[LIAR]!.lie = (method, result) => (method === 'headers' ? damage(result, random) : undefined);
    const session = await table.open([LIAR, HONEST, OTHER]);
    const { header } = session.agreement;
    expect(toHex(header.id)).toBe(table.play.chain.get(`b${header.header.height}`).id);
    // At this ledger's floor every other nonce is work enough: such a header is of a branch, which two nodes don't share.
    if (liarsOf(session).length === 0) expect(header.header.height).toBeGreaterThanOrEqual(BLOCKS - 1);
    else named++;
  }
  table.nodes[LIAR]!.lie = () => undefined;
  expect(named).toBeGreaterThan(900);
}, 120_000);

/** The result with one byte of one of its hex strings changed; the hash at the end of a proof's file is made anew. */
function damage(result: Json, random: Random): Json {
  const copy = structuredClone(result);
  const places: [Json, string][] = [];
  const visit = (value: Json) => {
    for (const [key, inner] of Object.entries(value ?? {})) {
      if (key === 'tip') continue;
      if (typeof inner === 'string' && inner.length >= 2) places.push([value, key]);
      else if (typeof inner === 'object') visit(inner);
    }
  };
  visit(copy);
  const [holder, key] = random.pick(places);
  const isFile = key === 'proof';
  const bytes = fromHex(holder[key]);
  const part = isFile ? claimOf(bytes) : { from: 0, to: bytes.length };
  bytes[part.from + random.below(part.to - part.from)]! ^= 1 + random.below(255);
  holder[key] = toHex(isFile ? seal(bytes.slice(0, -32)) : bytes);
  return copy;
}

/** The part of a proof's file that a client with headers of its own relies on: all but what ties it to a tip. */
function claimOf(bytes: Uint8Array): { from: number; to: number } {
  const proof = decodeProofFile(bytes);
  const bare = {
    TAG: 'block',
    data: { tip: proof.data.tip, genesis: proof.data.genesis, block: proof.data.block },
  } as const;
  const to = bytes.length - 32;
  if (proof.TAG === 'accountHistory' || proof.TAG === 'recordHistory') {
    // The entry itself was proved as of the agreed block: what counts is the hash and count before, and what follows.
    const empty = encodeProofFile({ ...proof, data: { ...proof.data, transactions: [] } } as Proof);
    return { from: empty.length - 32 - 2 - 8 - 32, to };
  }
  // Magic, version and kind are in both; the hash at the end too.
  return { from: encodeProofFile(bare).length - 32, to };
}

describe('lies', () => {
  const caught = (lie: Lie, name: keyof typeof READS & string): Promise<string> =>
    table.caught(lie, READS[name]!.read);
  const inState = (change: (shown: { entry: string | null; path: string }) => object): Lie => {
    return (method, result) =>
      method === 'proveState' ? { ...result, entries: result.entries.map(change) } : undefined;
  };
  const richer = (shown: { entry: string | null; path: string }) => {
    const entry = decodeEntry(fromHex(shown.entry!));
    if (entry.TAG !== 'account') throw new Error('no account');
    return { ...shown, entry: toHex(encodeEntry({ ...entry, data: { ...entry.data, balance: 7_000_000 } })) };
  };

  test('a wrong balance is named', async () => {
    const address = formatAddress(ALICE);
    expect(await caught(inState(richer), 'account')).toBe(
      `it claims balance 7 for ${address}, but its proof does not lead to the state root of block ${BLOCKS}`,
    );
  });
  test('an account or a record is said to be absent', async () => {
    const nothing = inState((shown) => ({ ...shown, entry: null }));
    expect(await caught(nothing, 'account')).toContain('it claims that there is no pier1');
    expect(await caught(nothing, 'record')).toContain('it claims that there is no record');
    const empty = inState(() => ({ entry: null, path: '000001' }));
    expect(await caught(empty, 'account')).toContain('it claims that there is no pier1');
  });
  test('one account is shown for another', async () => {
    let other: Json;
    const session = await table.open([HONEST, OTHER]);
    table.nodes[HONEST]!.lie = (method, result) => {
      if (method === 'proveState') other = result;
      return undefined;
    };
    await checkedAccount(session, addressFor('bob'));
    table.nodes[HONEST]!.lie = () => undefined;
    expect(await caught((method) => (method === 'proveState' ? other : undefined), 'account')).toContain(
      'balance',
    );
  });
  test('a transaction is left out of a history, or added at its end', async () => {
    const changing =
      (change: (transactions: Uint8Array[]) => Uint8Array[]): Lie =>
      (method, result) => {
        if (method !== 'proveHistory') return undefined;
        const proof = decodeProofFile(fromHex(result.proof));
        if (proof.TAG !== 'accountHistory') throw new Error('no history');
        const data = { ...proof.data, transactions: change(proof.data.transactions) };
        return { ...result, proof: toHex(encodeProofFile({ ...proof, data })) };
      };
    expect(
      await caught(
        changing((all) => all.slice(1)),
        'history',
      ),
    ).toContain('leaves out, adds or changes');
    expect(
      await caught(
        changing((all) => all.toReversed()),
        'history',
      ),
    ).toContain('leaves out, adds or changes');
    expect(
      await caught(
        changing((all) => [all[0]!, ...all]),
        'history',
      ),
    ).toContain('leaves out, adds or changes');
  });
  test('a block is without one of its transactions', async () => {
    const lie: Lie = (method, result) => (method === 'body' ? { ...result, body: '00000000' } : undefined);
    expect(await caught(lie, 'block')).toContain('the body it sends for block 3');
  });
});

describe('chains', () => {
  test('a stale tip: with two honest nodes, with one, and known from before', async () => {
    const tall = await Table.lay(30);
    const stale = await playLedger(BLOCKS);
    tall.nodes[LIAR] = tall.seat(stale);
    const three = await tall.open([LIAR, HONEST, OTHER]);
    expect(three.agreement).toMatchObject({
      nodes: [HONEST, OTHER],
      below: 0,
      apart: [{ node: LIAR, blocks: 18 }],
    });
    expect((await checkedAccount(three, addressFor('miner')))?.balance).toBeGreaterThan(0);
    const two = await tall.open([LIAR, HONEST]);
    expect(two.agreement).toMatchObject({ nodes: [HONEST], below: 6 });
    tall.chain = three.chain;
    expect(endOfChain(tall.chain).header.height).toBe(30);
    await expect(tall.open([LIAR])).rejects.toMatchObject({
      code: 'NOT_VERIFIED',
      message: expect.stringContaining('less work than was checked here before, up to block 30'),
    });
    // Asked for by name while others are known, it is shown, with a word of warning: it may be the other side of a split.
    const named = await tall.open([LIAR], [HONEST]);
    expect(named.agreement).toMatchObject({ node: LIAR, nodes: [HONEST, LIAR], below: 18 });
    expect(named.objections).toMatchObject([{ node: LIAR, kind: 'useless' }]);
  });

  test('a chain that is ahead of the clock is no lie, and the way out is the clock', async () => {
    await expect(table.open([HONEST], [], PARAMS.time)).rejects.toMatchObject({
      code: 'NOT_VERIFIED',
      message: expect.stringMatching(/its block \d+ is \d+ s ahead of this machine's clock/),
      hint: expect.stringMatching(/^set this machine's clock right; .* try again in \d+ s$/),
    });
  });

  test('a cheaper chain, and one of another ledger', async () => {
    const cheaper = await Play.start(PARAMS);
    for (const name of ['b1', 'b2', 'c1', 'c2', 'c3']) {
      cheaper.chain.block(name, { miner: name.startsWith('c') ? 'forger' : 'miner' });
      expect(await cheaper.block(name)).toBeNull();
    }
    const tall = await Table.lay(30);
    tall.nodes[LIAR] = tall.seat(cheaper);
    const session = await tall.open([LIAR, HONEST, OTHER]);
    expect(session.agreement).toMatchObject({ nodes: [HONEST, OTHER], below: 0 });
    const foreign = await Play.start({ ...PARAMS, salt: new Uint8Array(32) });
    foreign.chain.blocks('b', 40);
    await foreign.blocks(...foreign.chain.names('b', 40));
    tall.nodes[LIAR] = tall.seat(foreign);
    const again = await tall.open([LIAR, HONEST, OTHER]);
    expect(liarsOf(again)).toEqual([LIAR]);
    expect(again.agreement.nodes).toEqual([HONEST, OTHER]);
  });

  test('headers without work, however many', async () => {
    const lie: Lie = (method, result) => {
      if (method !== 'headers' || result.headers.length === 0) return undefined;
      const headers = result.headers.slice(0, -2) + (result.headers.endsWith('ff') ? '00' : 'ff');
      return { headers, tip: result.tip };
    };
    table.nodes[LIAR]!.lie = lie;
    let found = 0;
    for (let i = 0; i < 20; i++) {
      const session = await table.open([LIAR, HONEST, OTHER]);
      expect(session.agreement.header.id).toEqual(fromHex(table.play.real.tip));
      found += liarsOf(session).length;
    }
    table.nodes[LIAR]!.lie = () => undefined;
    // At the floor of this ledger every other nonce is work enough: then it is another tip, and not the agreed one.
    expect(found === 0 || found === 20).toBe(true);
  });
});

describe('a forged tip: one block of real work, with a false state', () => {
  /** On the real tip: a state in which alice alone exists, and is rich; every proof leads to its root. */
  async function forge(): Promise<{ view: LyingNodeView; entry: Uint8Array }> {
    const entry = encodeEntry({ TAG: 'account', data: { ...newAccount(0), balance: 7e15 } });
    const { key } = accountRef(ALICE);
    const stateRoot = leafHash(concat(key, valueHash(entry)));
    const { chain } = await playLedger(BLOCKS);
    const block = chain.block('forged', {
      on: `b${BLOCKS}`,
      header: { stateRoot, miner: new Uint8Array(20).fill(9) },
    });
    return { view: block, entry };
  }
  type LyingNodeView = ReturnType<Play['chain']['block']>;

  async function forgingNode(target: Table): Promise<void> {
    const { view: block, entry } = await forge();
    const { encodeHeader } = await import('../../chain/format/header.ts');
    const { encodePeaks } = await import('../../chain/consensus/history-peaks.ts');
    const forged = toHex(encodeHeader(block.header));
    const tip = { height: block.header.height, id: block.id };
    const path = toHex(encodeProof({ siblings: [], end: { kind: 'present' } }));
    target.nodes[LIAR] = target.seat(target.play, (method, result, params) => {
      if (method === 'headers') {
        const reaches = params.height + params.count > tip.height && params.height <= tip.height;
        return { headers: (result?.headers ?? '') + (reaches ? forged : ''), tip };
      }
      if (method === 'historyPeaks') return { peaks: toHex(encodePeaks(null)), tip };
      if (method === 'proveState' && params.block === tip.id)
        return { entries: [{ entry: toHex(entry), path }], tip };
      return undefined;
    });
  }

  test('with another node known, the block below the forged one counts', async () => {
    const mine = await Table.lay(BLOCKS);
    await forgingNode(mine);
    for (const urls of [
      [LIAR, HONEST],
      [HONEST, LIAR],
      [LIAR, HONEST, OTHER],
    ]) {
      const session = await mine.open(urls);
      expect(session.agreement).toMatchObject({ below: 1 });
      expect(toHex(session.agreement.header.id)).toBe(mine.play.real.tip);
      expect((await checkedAccount(session, ALICE))?.balance).toBeLessThan(1e9);
    }
  });

  test('with no other node known, the block six below it counts', async () => {
    const mine = await Table.lay(BLOCKS);
    await forgingNode(mine);
    const session = await mine.open([LIAR]);
    expect(session.agreement).toMatchObject({ below: 6, nodes: [LIAR] });
    expect((await checkedAccount(session, ALICE))?.balance).toBeLessThan(1e9);
    // Had its word been taken, the lie would have gone through.
    const { branch } = session.agreement;
    expect(branch.contexts.at(-1)!.header.height).toBe(BLOCKS + 1);
  });

  test('named on the command line while others are known, it is compared with them', async () => {
    const mine = await Table.lay(BLOCKS);
    await forgingNode(mine);
    const session = await mine.open([LIAR], [HONEST]);
    expect(session.agreement).toMatchObject({ node: LIAR, below: 1 });
    expect((await checkedAccount(session, ALICE))?.balance).toBeLessThan(1e9);
  });
});

test('when every node lies nothing is printed, and each lie is named', async () => {
  const mine = await Table.lay(BLOCKS);
  for (const url of [LIAR, HONEST]) {
    mine.nodes[url]!.lie = (method, result) =>
      method === 'proveState' ? { ...result, entries: [{ entry: null, path: '000001' }] } : undefined;
  }
  const session = await mine.open([LIAR, HONEST]);
  await expect(checkedAccount(session, ALICE)).rejects.toMatchObject({
    code: 'NOT_VERIFIED',
    message: expect.stringMatching(/liar\.example.*honest\.example/),
  });
  mine.chain = startChain({ params: PARAMS, genesis: mine.genesis });
  await expect(mine.open(['http://gone.example/'])).rejects.toMatchObject({ code: 'NO_NODE' });
});

test('an honest node whose transaction is newer than what was compared is not accused', async () => {
  const mine = await Table.lay(BLOCKS);
  const session = await mine.open([HONEST, OTHER]);
  mine.play.chain.block('late', { transactions: [transfer('bob', 'alice', 3)] });
  expect(await mine.play.block('late')).toBeNull();
  const late = mine.play.chain.get('late').transactions[0]!;
  expect(await checkedTransaction(session, late.key)).toBeNull();
  // Its proof is of the chain as it is now; what both were compared on is a part of it.
  expect((await checkedHistory(session, ALICE, 20, undefined)).items).toHaveLength(5);
  expect(session.objections).toEqual([]);
});
