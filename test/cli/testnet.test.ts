/** The whole thing: real node processes under a temporary home, steered by the commands that people type. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatPier, parsePier } from '../../chain/format/amount.ts';
import { parseParams } from '../../chain/format/params.ts';
import { standingOf } from '../../cli/node-file.ts';
import { waitUntil } from '../../cli/testnet/wait.ts';
import { PierHome } from './run-pier.ts';

interface NodeState {
  readonly index: number;
  readonly up: boolean;
  readonly height: number;
  readonly tip: string;
  readonly stateRoot: string;
  readonly peers: number;
  readonly lagMs: number;
}

interface StartedNode {
  readonly index: number;
  readonly pid: number;
  readonly rpc: string;
  readonly p2p: string;
  readonly dataDir: string;
}

const NODES = 4;
/** Far above what anything here takes: a machine may be busy. */
const PATIENCE_MS = 90_000;
/** Each look starts a command, which uses most of a core for about this long. */
const LOOK_MS = 300;
const home = new PierHome();
const dir = join(home.path, 'testnet');
let started: { dir: string; chainId: string; nodes: StartedNode[] };

const nodes = async (): Promise<NodeState[]> => (await home.json(['testnet', 'status'])).nodes;

/** Waits until the nodes are as wanted, and gives what they then say. */
async function nodesWhen(what: string, wanted: (states: NodeState[]) => boolean): Promise<NodeState[]> {
  let states: NodeState[] = [];
  const met = await waitUntil(
    async () => {
      states = await nodes();
      return wanted(states);
    },
    PATIENCE_MS,
    LOOK_MS,
  );
  if (!met) throw new Error(`${what}: ${JSON.stringify(states)}`);
  return states;
}

const same = (values: unknown[]) => new Set(values).size === 1;
const agreed = (states: NodeState[]) =>
  states.every(({ up }) => up) && same(states.map(({ tip }) => tip)) && same(states.map((s) => s.stateRoot));

/** Money there must be at a height: allocations and the rewards credited so far, less what accounts cost. */
function expectedSupply(height: number, accountsMade: number): string {
  const params = parseParams(JSON.parse(readFileSync(join(dir, 'genesis.json'), 'utf8')));
  const credited = Math.max(0, height - params.reward.maturity);
  const allocated = params.allocations.reduce((sum, { amount }) => sum + amount, 0);
  const { initial } = params.reward;
  return formatPier(allocated + initial * credited - params.prices.accountSurcharge * accountsMade);
}

describe.sequential('a testnet', { timeout: 2 * PATIENCE_MS }, () => {
  beforeAll(async () => {
    const args = [
      'testnet',
      'start',
      '--nodes',
      `${NODES}`,
      '--block-time',
      '500',
      '--base-port',
      '0',
      '--detach',
    ];
    started = await home.json(args);
  }, PATIENCE_MS);

  afterAll(async () => {
    await home.run(['testnet', 'stop']);
    home.remove();
  }, PATIENCE_MS);

  test('starts detached, with all nodes linked and agreed on a mined block', async () => {
    expect(Object.keys(started)).toEqual(['dir', 'chainId', 'nodes']);
    expect(started.dir).toBe(dir);
    expect(started.chainId).toMatch(/^[0-9a-f]{64}$/);
    expect(started.nodes.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
    for (const node of started.nodes) {
      expect(Object.keys(node)).toEqual(['index', 'pid', 'rpc', 'p2p', 'dataDir']);
      expect(node.rpc).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(node.p2p).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
      expect(await standingOf(node.dataDir)).toMatchObject({ state: 'running', process: { pid: node.pid } });
    }
    const states = await nodes();
    expect(Object.keys(states[0]!)).toEqual(['index', 'up', 'height', 'tip', 'stateRoot', 'peers', 'lagMs']);
    for (const state of states) {
      expect(state.up).toBe(true);
      expect(state.height).toBeGreaterThanOrEqual(1);
      expect(state.peers).toBe(NODES - 1);
    }
  });

  test('does not start twice, and a testnet that exists keeps its size', async () => {
    expect(await home.faultCode(['testnet', 'start', '--detach'])).toBe('ALREADY_RUNNING');
    expect(await home.faultCode(['testnet', 'start', '--fresh', '--detach'])).toBe('ALREADY_RUNNING');
  });

  test('a key, a transfer to its block, and what is then to be seen', async () => {
    const { address } = await home.json(['key', 'new', 'alice']);
    const before = await home.json(['balance', 'alice']);
    expect(before).toMatchObject({ address, balance: '0', nonce: 0 });
    const sent = await home.json(['send', 'faucet', 'alice', '100', '--wait', '--memo', 'welcome']);
    expect(Object.keys(sent)).toEqual(['id', 'status', 'block', 'costs', 'verified']);
    expect(sent.status).toBe('mined');
    const balance = await home.json(['balance', 'alice']);
    expect(balance.balance).toBe('100');
    expect(balance.height).toBeGreaterThanOrEqual(sent.block.height);
    const tx = await home.json(['tx', sent.id]);
    expect(tx).toMatchObject({ status: 'mined', block: { id: sent.block.id } });
    expect(tx.confirmations).toBeGreaterThanOrEqual(1);
    expect(tx.transaction).toMatchObject({ memo: 'welcome', outputs: [{ to: address, amount: '100' }] });
    const block = await home.json(['block', String(sent.block.height)]);
    expect(block.id).toBe(sent.block.id);
    expect(block.transactions.map(({ id }: { id: string }) => id)).toContain(sent.id);
    const { items } = await home.json(['history', 'alice']);
    expect(items).toMatchObject([{ id: sent.id, amount: '100' }]);
    const pending = await home.json(['send', 'alice', 'faucet', '0.000001']);
    expect(pending).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{64}$/), status: 'pending' });
    const unknown = await home.json(['tx', '00'.repeat(32)]);
    expect(unknown.status).toBe('unknown');
  });

  test('every query answers for people and for programs', async () => {
    for (const args of [
      ['status'],
      ['block', 'tip'],
      ['mempool'],
      ['peers'],
      ['forks'],
      ['history', 'faucet'],
    ]) {
      const { code, stdout, stderr } = await home.run(args);
      expect(code, `${args}: ${stderr}`).toBe(0);
      expect(stdout.trim(), `${args}`).not.toBe('');
      await home.json(args);
    }
    expect((await home.json(['peers'])).peers).toHaveLength(NODES - 1);
    const { tips } = await home.json(['forks']);
    expect(tips.filter(({ status }: { status: string }) => status === 'active')).toHaveLength(1);
  });

  test('amounts that are none, and money that is not there, are refused', async () => {
    for (const amount of ['-1', '1e3', '0x10', '01', '1.0000001', '9007199254740993']) {
      expect(await home.faultCode(['send', 'faucet', 'alice', amount]), amount).toBe('BAD_AMOUNT');
    }
    expect(await home.faultCode(['send', 'alice', 'faucet', '100000'])).toBe('OVERSPEND');
    expect(await home.faultCode(['send', 'faucet', 'alice', '1', '--fee', '0.000001'])).toBe('FEE_TOO_LOW');
  });

  test.each([1, 3])(
    'node %i is killed: the others and the command line go on, and it catches up',
    async (index) => {
      // One transfer is on its way when the node dies: perhaps it is the very node that was handed it.
      const atFirst = parsePier((await home.json(['balance', 'alice'])).balance);
      const sending = home.json(['send', 'faucet', 'alice', '3', '--wait']);
      await home.json(['testnet', 'kill', String(index)]);
      expect((await sending).status).toBe('mined');
      expect(await home.faultCode(['testnet', 'kill', String(index)])).toBe('NODE_DOWN');
      const before = parsePier((await home.json(['balance', 'alice'])).balance);
      const sent = await home.json(['send', 'faucet', 'alice', '7', '--wait']);
      expect(sent.status).toBe('mined');
      expect(before - atFirst).toBe(3_000_000);
      expect(parsePier((await home.json(['balance', 'alice'])).balance)).toBe(before + 7_000_000);
      const down = (await nodes()).find((node) => node.index === index)!;
      const unknown = { height: null, tip: null, stateRoot: null, peers: null };
      expect(down).toEqual({ index, up: false, ...unknown, lagMs: 0 });
      const { pid } = await home.json(['testnet', 'restart', String(index)]);
      started.nodes[index - 1] = { ...started.nodes[index - 1]!, pid };
      const states = await nodesWhen(`node ${index} catches up`, agreed);
      expect(states[0]!.height).toBeGreaterThanOrEqual(sent.block.height);
    },
  );

  test('split and healed: both sides grow, then one tip, one state, each transfer mined once, supply exact', async () => {
    await home.json(['key', 'new', 'bob']);
    const { groups } = await home.json(['testnet', 'split', '1,2', '3,4']);
    expect(groups).toEqual([
      [1, 2],
      [3, 4],
    ]);
    const cut = await nodesWhen('links are cut', (states) => states.every(({ peers }) => peers === 1));
    // A transaction on each side: one of them is on the branch that loses.
    const left = await home.json(['send', 'faucet', 'bob', '1', '--node', started.nodes[0]!.rpc]);
    const right = await home.json(['send', 'alice', 'faucet', '2', '--node', started.nodes[2]!.rpc]);
    await nodesWhen(
      'both sides grow',
      (states) =>
        states.every(({ height }, i) => height >= cut[i]!.height + 2) && states[0]!.tip !== states[2]!.tip,
    );
    expect(await home.faultCode(['testnet', 'add'])).toBe('SPLIT');
    // A node that restarts stays on its side.
    const { pid } = await home.json(['testnet', 'restart', '2']);
    started.nodes[1] = { ...started.nodes[1]!, pid };
    await nodesWhen('node 2 is linked again', (states) => states[1]!.peers === 1);
    expect((await nodes())[3]!.peers).toBe(1);
    await home.json(['testnet', 'heal']);
    await nodesWhen(
      'all agree',
      (states) => agreed(states) && states.every(({ peers }) => peers === NODES - 1),
    );
    for (const { id } of [left, right]) {
      const mined = await waitUntil(
        async () => (await home.json(['tx', id])).status === 'mined',
        PATIENCE_MS,
        LOOK_MS,
      );
      expect(mined).toBe(true);
    }
    expect((await home.json(['balance', 'bob'])).balance).toBe('1');
    const { items } = await home.json(['history', 'bob']);
    expect(items).toHaveLength(1);
    const status = await home.json(['status']);
    // Accounts of alice, bob and those miners whose first reward... are credited without a surcharge: two were made.
    expect(status.supply).toBe(expectedSupply(status.height, 2));
  });

  test('groups that are none are refused', async () => {
    expect(await home.faultCode(['testnet', 'split', '1,9', '2'])).toBe('NO_SUCH_NODE');
    expect(await home.faultCode(['testnet', 'split', '1,2', '2'])).toBe('USAGE');
    expect(await home.faultCode(['testnet', 'split', '1,2,3,4'])).toBe('USAGE');
    expect(await home.faultCode(['testnet', 'kill', '9'])).toBe('NO_SUCH_NODE');
  });

  test('a node lags, over a restart too, until its testnet is healed', async () => {
    const lagMs = 700;
    const lag = (index: string, ms: string) => home.faultCode(['testnet', 'lag', index, ms]);
    expect(await lag('9', '100')).toBe('NO_SUCH_NODE');
    for (const ms of ['3001', '-1', '1.5', 'long']) expect(await lag('2', ms), ms).toBe('USAGE');
    expect(await home.json(['testnet', 'lag', '2', String(lagMs)])).toEqual({ index: 2, lagMs });
    expect((await nodes()).map((node) => node.lagMs)).toEqual([0, lagMs, 0, 0]);
    expect((await home.run(['testnet', 'status'])).stdout).toContain(`up, lags ${lagMs} ms`);
    // The least a ping ever took is shown, so a link that was there before says nothing of it: these are new.
    await home.json(['testnet', 'kill', '2']);
    expect(await lag('2', '100')).toBe('NODE_DOWN');
    const { pid } = await home.json(['testnet', 'restart', '2']);
    started.nodes[1] = { ...started.nodes[1]!, pid };
    const pings = async (): Promise<number[]> => {
      const { peers } = await home.json(['peers', '--node', started.nodes[1]!.rpc]);
      return peers.map(({ pingMs }: { pingMs: number | null }) => pingMs ?? 0);
    };
    let seen: number[] = [];
    const all = async () => {
      seen = await pings();
      return seen.length === NODES - 1 && seen.every((ms) => ms > 0);
    };
    expect(await waitUntil(all, PATIENCE_MS, LOOK_MS), `${seen}`).toBe(true);
    // There and back again.
    for (const ms of seen) expect(ms).toBeGreaterThanOrEqual(2 * lagMs - 1);
    expect(await home.json(['testnet', 'heal'])).toEqual({ groups: null, healed: true });
    expect((await home.json(['testnet', 'heal'])).healed).toBe(false);
    await nodesWhen('all agree', (states) => agreed(states) && states.every((node) => node.lagMs === 0));
  });

  test('one more node gets the whole ledger from the others', async () => {
    const node = await home.json(['testnet', 'add']);
    expect(node.index).toBe(NODES + 1);
    started.nodes.push(node);
    const states = await nodesWhen('the new node catches up', agreed);
    expect(states).toHaveLength(NODES + 1);
  });

  test('stopped from another terminal: nothing runs, nothing is lost, and it goes on', async () => {
    const before = await home.json(['status']);
    expect(await home.json(['testnet', 'stop'])).toEqual({ stopped: NODES + 1 });
    for (const { dataDir } of started.nodes) {
      expect(await standingOf(dataDir)).toEqual({ state: 'down' });
      expect(existsSync(join(dataDir, 'node.json'))).toBe(false);
    }
    expect(await home.faultCode(['status'])).toBe('NO_NODE');
    expect(await home.faultCode(['testnet', 'start', '--nodes', '3', '--detach'])).toBe('TESTNET_EXISTS');
    const again = await home.json(['testnet', 'start', '--detach']);
    expect(again.chainId).toBe(started.chainId);
    started = again;
    expect((await home.json(['status'])).height).toBeGreaterThanOrEqual(before.height);
    expect((await home.json(['balance', 'bob'])).balance).toBe('1');
  });

  test('in the foreground on a pipe: a line an event, and Ctrl-C stops every node', async () => {
    await home.json(['testnet', 'stop']);
    const child = home.spawn(['testnet', 'start']);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const blocks = () =>
      text.match(
        /^[0-9:]{8} [+-]\d\d:\d\d {2}block \d+ {2}[0-9a-f]{10} {2}(empty|\d+ transactions?), mined by node \d$/gm,
      );
    expect(await waitUntil(() => (blocks()?.length ?? 0) >= 2, PATIENCE_MS), text).toBe(true);
    expect(text).toMatch(/^testnet goes on: 5 nodes agree after [0-9.]+ s/);
    expect(text).not.toContain('\x1b');
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(text).toContain('testnet stopped at height');
    expect((await nodes()).some(({ up }) => up)).toBe(false);
  });

  test('a stream whose reader has seen enough ends without a complaint', async () => {
    started = await home.json(['testnet', 'start', '--detach']);
    const child = home.spawn(['watch', '--json']);
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (part) => {
      complaint += part;
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const first = await new Promise<string>((resolve) =>
      child.stdout.once('data', (part) => resolve(String(part))),
    );
    expect(JSON.parse(first.split('\n')[0]!)).toMatchObject({ topic: 'tip', height: expect.any(Number) });
    child.stdout.destroy();
    // 128 and SIGPIPE, as other tools that write to a pipe nobody reads.
    expect(await ended).toBe(141);
    expect(complaint).toBe('');
  });
});
