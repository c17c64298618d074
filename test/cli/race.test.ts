/** Commands that race: several sends of one account at once, with a stand-in for a node and with real ones; then a split. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../chain/format/bytes.ts';
import { DOMAIN, hash } from '../../chain/format/hash.ts';
import { decodeTransaction } from '../../chain/format/transaction.ts';
import { waitUntil } from '../../cli/testnet/wait.ts';
import { type Answer, FakeNode, ID, TIP } from './fake-node.ts';
import { PierHome } from './run-pier.ts';

const PASSPHRASE = 'correct horse battery staple\n';
const PATIENCE_MS = 90_000;

describe('with a node that refuses nonces', () => {
  const home = new PierHome();
  const nodes: FakeNode[] = [];
  let alice: string;
  beforeAll(async () => {
    ({ address: alice } = await home.json(['key', 'new', 'alice', '--passphrase-stdin'], {
      input: PASSPHRASE,
    }));
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    home.remove();
  });

  /** A node that refuses the first `refusals` submissions with that code, and whose next nonce grows with each. */
  async function refusing(code: string, refusals: number) {
    const nonces: number[] = [];
    const answers: Record<string, Answer> = {
      account: ({ address }) => ({
        address,
        exists: true,
        balance: '5000000',
        nonce: 3,
        nextNonce: 3 + nonces.length,
        deposits: '0',
        authKey: null,
        locked: false,
        rotatedAt: 0,
        recovery: null,
        history: { hash: ID('0'), count: 3 },
        tip: TIP,
      }),
      status: () => ({
        chainId: ID('c'),
        name: 'testnet',
        version: '0.1.0',
        node: ID('d'),
        height: 7,
        tip: ID('a'),
        stateRoot: ID('b'),
        work: '12345',
        time: 1_700_000_000_000,
        peers: 4,
        mempool: 2,
        supply: '1000000500000',
        headers: 7,
        syncing: false,
      }),
      fee: () => ({ perByte: '1', floorPerByte: '1', tip: TIP }),
      submit: ({ transactions }) => {
        const bytes = fromHex((transactions as string[])[0]!);
        nonces.push(decodeTransaction(bytes).nonce);
        const id = toHex(hash(DOMAIN.transaction, bytes));
        const error = { code, message: 'another one has that nonce' };
        return { results: [nonces.length <= refusals ? { id, error } : { id, status: 'pending' }] };
      },
    };
    const node = await FakeNode.start(answers);
    nodes.push(node);
    return { nonces, args: ['send', 'alice', alice, '1', '--node', node.url, '--passphrase-stdin'] };
  }

  test.each(['REPLACEMENT_FEE', 'NONCE_USED'])('%s: signed again with the next nonce', async (code) => {
    const { nonces, args } = await refusing(code, 3);
    expect(await home.json(args, { input: PASSPHRASE })).toMatchObject({ status: 'pending' });
    expect(nonces).toEqual([3, 4, 5, 6]);
  });

  test('ten tries, and no more', async () => {
    const { nonces, args } = await refusing('NONCE_USED', 99);
    expect(await home.faultCode(args, { input: PASSPHRASE })).toBe('NONCE_USED');
    expect(nonces).toHaveLength(10);
  });

  test('a fee that was given may be meant to replace: it is the user who decides', async () => {
    const { nonces, args } = await refusing('REPLACEMENT_FEE', 1);
    expect(await home.faultCode([...args, '--fee', '0.001'], { input: PASSPHRASE })).toBe('REPLACEMENT_FEE');
    expect(nonces).toEqual([3]);
  });

  test('after a node that did not answer nothing is signed anew: it may have taken the first', async () => {
    const silent = await refusing('NONCE_USED', 0);
    const refuses = await refusing('NONCE_USED', 99);
    nodes.at(-2)!.answers.submit = () => ({ results: 'none' });
    const [first, second] = nodes.slice(-2).map(({ url }) => ['--node', url]);
    const args = ['send', 'alice', alice, '1', ...first!, ...second!, '--passphrase-stdin'];
    expect(await home.faultCode(args, { input: PASSPHRASE })).toBe('NONCE_USED');
    expect([silent.nonces, refuses.nonces]).toEqual([[], [3]]);
  });
});

describe.sequential('with real nodes', { timeout: 2 * PATIENCE_MS }, () => {
  const home = new PierHome();
  let urls: string[];
  beforeAll(async () => {
    const size = ['--nodes', '3', '--block-time', '500', '--base-port', '0'];
    const { nodes } = await home.json(['testnet', 'start', ...size, '--detach']);
    urls = nodes.map(({ rpc }: { rpc: string }) => rpc);
  }, PATIENCE_MS);
  afterAll(async () => {
    await home.run(['testnet', 'stop']);
    home.remove();
  }, PATIENCE_MS);

  test('five sends of one account at once: all five are mined', async () => {
    await home.json(['key', 'new', 'alice']);
    const sent = await Promise.all(
      [1, 2, 3, 4, 5].map((amount) => home.json(['send', 'faucet', 'alice', `${amount}`, '--wait'])),
    );
    expect(sent.map(({ status }) => status)).toEqual(Array(5).fill('mined'));
    expect(new Set(sent.map(({ id }) => id)).size).toBe(5);
    expect((await home.json(['balance', 'alice'])).balance).toBe('15');
    const told = await home.json(['why', 'tx', sent[0].id]);
    const [seen, mined] = told.causes;
    expect(seen).toMatchObject({ what: 'pending', way: 'new', from: { kind: 'user' } });
    expect(mined.block.id).toBe(sent[0].block.id);
  });

  test('the story of a transfer that a reorganisation displaced, as told by the node it displaced it on', async () => {
    await home.json(['key', 'new', 'bob']);
    await home.json(['testnet', 'split', '1', '2,3']);
    const ask = (id: string, url: string) => home.json(['why', 'tx', id, '--node', url]);
    const { id } = await home.json(['send', 'faucet', 'bob', '1', '--node', urls[0]!]);
    const height = async (url: string) => (await home.json(['status', '--node', url])).height;
    const ready = await waitUntil(
      async () =>
        (await ask(id, urls[0]!)).status === 'mined' &&
        (await height(urls[1]!)) > 2 + (await height(urls[0]!)),
      PATIENCE_MS,
      200,
    );
    expect(ready).toBe(true);
    await home.json(['testnet', 'heal']);
    let causes: { what: string; reorg?: { moreWork: string } }[] = [];
    const again = await waitUntil(
      async () => {
        const told = await ask(id, urls[0]!);
        causes = told.causes;
        return told.status === 'mined' && causes.length > 2;
      },
      PATIENCE_MS,
      200,
    );
    expect(again, JSON.stringify(causes)).toBe(true);
    expect(causes.map(({ what }) => what)).toEqual(['pending', 'mined', 'orphaned', 'pending', 'mined']);
    expect(Number(causes[2]!.reorg!.moreWork)).toBeGreaterThan(0);
    const tip = await home.json(['why', 'tip', '--node', urls[0]!]);
    expect(tip.reorganisation.displaced).toContainEqual({ id, status: 'mined', height: expect.any(Number) });
    for (const args of [
      ['why', 'tip'],
      ['why', 'tx', id],
    ]) {
      const { code, stdout, stderr } = await home.run([...args, '--node', urls[0]!]);
      expect(code, stderr).toBe(0);
      expect(stdout).toContain('another branch won');
    }
  });
});
