/** `pier why` against a stand-in for a node: the sentences that tell of every kind of step. */
import { afterAll, afterEach, expect, test } from 'vitest';
import { formatAddress } from '../../chain/format/address.ts';
import { type Answer, FakeNode, ID, TIP } from './fake-node.ts';
import { PierHome } from './run-pier.ts';

const home = new PierHome();
const nodes: FakeNode[] = [];
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});
afterAll(() => home.remove());

async function fake(answers: Record<string, Answer>): Promise<string> {
  const node = await FakeNode.start(answers);
  nodes.push(node);
  return node.url;
}

const MINER = formatAddress(new Uint8Array(20));
const AT = 1_790_000_000_000;
const block = (height: number) => ({ height, id: ID('b'), miner: MINER });
const reorg = {
  at: AT,
  from: ID('d'),
  to: ID('e'),
  depth: 2,
  connected: 3,
  forkHeight: 10,
  lostWork: '900',
  wonWork: '1400',
  moreWork: '500',
};
const peer = { kind: 'peer', node: ID('5'), address: '127.0.0.1:9\x1b[2J' };
const gap = {
  code: 'NONCE_GAP',
  message: 'an earlier nonce of this account is missing (found 4, next is 3)',
};
const story =
  (rest: object): Answer =>
  ({ id }) => ({
    id,
    status: 'mined',
    confirmations: 0,
    causes: [],
    left: 0,
    since: AT,
    tip: TIP,
    ...rest,
  });

/** What is printed, without the times. */
async function told(rest: object): Promise<string> {
  const url = await fake({ whyTransaction: story(rest) });
  const { code, stdout, stderr } = await home.run(['why', 'tx', ID('f'), '--node', url]);
  expect(code, stderr).toBe(0);
  expect(stdout).not.toContain('\x1b');
  return stdout.replaceAll(/^2026-[0-9-]+ [0-9:]+ [+-]\d\d:\d\d/gm, 'TIME');
}

test('a transaction that a reorganisation displaced has its whole story told', async () => {
  const causes = [
    { at: AT, what: 'pending', way: 'new', from: { kind: 'user' } },
    { at: AT, what: 'mined', block: block(12) },
    { at: AT, what: 'orphaned', block: block(12), reorg },
    { at: AT, what: 'waiting', way: 'displaced' },
    { at: AT, what: 'pending', way: 'waited' },
    { at: AT, what: 'mined', block: block(14) },
  ];
  const text = await told({ confirmations: 3, causes });
  expect(text).toContain('status   mined, 3 confirmations\n');
  const where = (height: number) => `block ${height}  ${ID('b').slice(0, 10)}`;
  expect(
    text
      .slice(text.indexOf('\n\n') + 2)
      .trimEnd()
      .split('\n'),
  ).toEqual([
    'TIME  in the mempool, from a user of this node',
    `TIME  mined in ${where(12)} by ${MINER.slice(0, 10)}…${MINER.slice(-5)}`,
    `TIME  orphaned: ${where(12)} left the chain. After block 10 another branch won: 3 blocks with work 1400 against 2 with 900, 500 more`,
    'TIME  set aside: the reorganisation took back what it rests on',
    'TIME  in the mempool: what it waited for is here',
    `TIME  mined in ${where(14)} by ${MINER.slice(0, 10)}…${MINER.slice(-5)}`,
  ]);
});

test('why it is not mined: fees, nonces, or nothing but patience', async () => {
  const waits = { at: AT, what: 'waiting', way: 'new', from: peer, reason: gap };
  const waiting = await told({ status: 'waiting', causes: [waits], nonce: { own: 4, next: 3 } });
  expect(waiting).toContain("why      it has nonce 4, and nonce 3 of its sender isn't here yet\n");
  expect(waiting).toContain(
    `TIME  set aside, from peer ${ID('5').slice(0, 10)} at 127.0.0.1:9\\u{1b}[2J: an earlier nonce of this account is missing (found 4, next is 3)`,
  );
  const standing = { earlier: 0, ahead: 0, bytesAhead: 0, blocks: 0, rate: '1000', floor: '1' };
  const pending = { status: 'pending', causes: [{ at: AT, what: 'pending', way: 'restart' }] };
  expect(await told({ ...pending, standing })).toContain(
    'why      it waits for the next block, which has room for it: nothing goes before it\n',
  );
  expect(
    await told({ ...pending, standing: { ...standing, earlier: 1, ahead: 2, bytesAhead: 400 } }),
  ).toContain("which has room for it: after 2 transactions (400 B); 1 of them is its sender's own\n");
  expect(
    await told({ ...pending, standing: { ...standing, ahead: 9_000, bytesAhead: 3_000_000, blocks: 3 } }),
  ).toContain('9000 transactions (2.9 MiB) go before it by their fees: about 3 full blocks\n');
});

test('what was replaced or refused says why, and what is forgotten is said', async () => {
  const message = 'a replacement must pay at least 10 % more';
  const dropped = { at: AT, what: 'dropped', reason: { code: 'REPLACEMENT_FEE', message }, by: ID('9') };
  const replaced = await told({
    status: 'dropped',
    left: 5,
    causes: [{ at: AT, what: 'pending', way: 'displaced' }, dropped],
  });
  expect(replaced).toContain('TIME  back in the mempool\n…                           5 steps left out\n');
  expect(replaced).toContain(`TIME  dropped: ${message}; transaction ${ID('9')} is in its place\n`);
  const refused = { at: AT, what: 'refused', reason: gap, from: { kind: 'peer' } };
  expect(await told({ status: 'refused', causes: [refused] })).toContain(
    'TIME  refused, from a peer: an earlier',
  );
  expect(await told({ causes: [{ at: AT, what: 'mined', block: block(1) }] })).toMatch(
    /\n +it came with its block, or before what is remembered\nTIME {2}mined in block 1 /,
  );
  expect(await told({ status: 'unknown' })).toMatch(
    /This node knows nothing of it\. It remembers from 2026-/,
  );
});

const tipAnswer = {
  block: { work: '5000', ownWork: '400', time: AT, miner: MINER },
  arrival: { at: AT, from: { kind: 'self' } },
  rivals: [
    {
      height: 9,
      id: ID('e'),
      work: '5100',
      lessWork: '0',
      moreWork: '100',
      status: 'invalid',
      forkHeight: 6,
      arrival: null,
      reason: { code: 'BAD_STATE_ROOT', message: 'the state root is wrong' },
    },
    {
      height: 7,
      id: ID('d'),
      work: '4900',
      lessWork: '100',
      moreWork: '0',
      status: 'valid',
      forkHeight: 6,
      arrival: { at: AT, from: { kind: 'user' } },
    },
  ],
  reorganisation: {
    reorg,
    count: 3,
    displaced: [
      { id: ID('1'), status: 'mined', height: 8 },
      { id: ID('2'), status: 'dropped', reason: gap },
    ],
  },
  since: AT,
  tip: TIP,
};

test('why the tip is the tip: work, rivals, and what the last reorganisation displaced', async () => {
  const url = await fake({ whyTip: () => tipAnswer });
  const { stdout } = await home.run(['why', 'tip', '--node', url]);
  expect(stdout).toMatch(/^tip +7 {2}a{64}$/m);
  expect(stdout).toMatch(/^why +the best other branch has 100 less work$/m);
  expect(stdout).toMatch(/^work +5000 hashes, 400 of them in this block$/m);
  expect(stdout).toMatch(/^came +2026-.*, mined by this node$/m);
  expect(stdout).toMatch(/^ +9 {2}e{10} {2}\+100 {2}3 blocks after 6 .* invalid: the state root is wrong$/m);
  expect(stdout).toMatch(/^ +7 {2}d{10} {2}-100 {2}1 block after 6 .* complete$/m);
  expect(stdout).toContain('After block 10 another branch won: 3 blocks with work 1400 against 2 with 900');
  expect(stdout).toContain(`${ID('1')}  mined in block 8\n${ID('2')}  dropped: an earlier nonce`);
  expect(stdout).toContain('and 1 more\n');
  const alone = await fake({
    whyTip: () => ({ ...tipAnswer, arrival: null, rivals: [], reorganisation: null }),
  });
  const quiet = (await home.run(['why', 'tip', '--node', alone])).stdout;
  expect(quiet).toMatch(/^why +no other complete branch is known$/m);
  expect(quiet).toContain('no reorganisation is remembered');
  expect(quiet).not.toMatch(/^came/m);
});

test('--json gives what the node said, and whose word it is; a wrong id is refused', async () => {
  const causes = [{ at: AT, what: 'mined', block: block(12) }];
  const url = await fake({ whyTransaction: story({ confirmations: 1, causes }), whyTip: () => tipAnswer });
  const answer = await home.json(['why', 'tx', ID('f'), '--node', url]);
  expect(answer).toMatchObject({
    id: ID('f'),
    status: 'mined',
    causes,
    height: 7,
    tip: ID('a'),
    node: `${url}/`,
  });
  expect(await home.json(['why', 'tip', '--node', url])).toMatchObject({
    block: { work: '5000' },
    height: 7,
    tip: ID('a'),
  });
  expect(await home.faultCode(['why', 'tx', 'abc'])).toBe('BAD_ID');
  expect(await home.faultCode(['why', 'tx', ID('f')])).toBe('NO_NODE');
});
