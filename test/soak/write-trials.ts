/** Owns the commands that write, each with what must go on after it was stopped at one of its writes. */
import type { Run, Trial } from './at-writes.ts';

/** Keys of a testnet's keyring: these ask for no passphrase. */
const KEYS = ['--dir', 't'];

/** Every name of the keyring is a whole key. */
async function wholeKeys(run: Run): Promise<string | null> {
  const { code, stdout, stderr } = await run(['key', 'list', ...KEYS, '--json']);
  if (code !== 0) return `key list: ${stdout}${stderr}`;
  const { keys } = JSON.parse(stdout) as { keys: { error?: unknown; address?: unknown }[] };
  const broken = keys.filter(({ error, address }) => error !== undefined || typeof address !== 'string');
  return broken.length === 0 ? null : `the keyring has what is no key: ${JSON.stringify(broken)}`;
}

/** Those that change a keyring alone. */
export function keyTrials(): Trial[] {
  const done = ['KEY_EXISTS'];
  const make = (name: string, command: string[], input?: string): Trial => ({
    name,
    command: [...command, ...KEYS],
    next: [...command, ...KEYS],
    ...(input !== undefined && { input }),
    fresh: true,
    done,
    check: wholeKeys,
  });
  return [
    make('key new', ['key', 'new', 'alice']),
    make('key import', ['key', 'import', 'bob'], `${'1'.repeat(64)}\n`),
  ];
}

const START = ['testnet', 'start', '--detach'];

async function expectUp(run: Run): Promise<string | null> {
  const { stdout, stderr } = await run(['testnet', 'status', '--json']);
  try {
    const { nodes } = JSON.parse(stdout) as { nodes: { up: boolean }[] };
    return nodes.length > 0 && nodes.every(({ up }) => up) ? null : `not all nodes are up: ${stdout}`;
  } catch {
    return `testnet status: ${stdout}${stderr}`;
  }
}

async function stop(run: Run): Promise<void> {
  await run(['testnet', 'stop']);
}

/** Those that make, start and stop testnets; each begins with none running. */
export function testnetTrials(basePort: number): Trial[] {
  const size = ['--nodes', '2', '--block-time', '300', '--base-port', String(basePort)];
  return [
    // The first makes one; in later rounds, one that was made goes on.
    {
      name: 'testnet start',
      command: [...START, '--fresh', ...size],
      next: START,
      check: expectUp,
      after: stop,
    },
    { name: 'testnet start of one that exists', command: START, next: START, check: expectUp, after: stop },
  ];
}

/** Those that change a running testnet. */
export function runningTrials(): Trial[] {
  const up = { check: expectUp };
  const restart = async (run: Run) => {
    await run(START);
  };
  return [
    { name: 'testnet stop', command: ['testnet', 'stop'], next: ['testnet', 'stop'], after: restart },
    { name: 'testnet kill', command: ['testnet', 'kill', '2'], next: ['testnet', 'restart', '2'], ...up },
    {
      name: 'testnet restart',
      command: ['testnet', 'restart', '2'],
      next: ['testnet', 'restart', '2'],
      ...up,
    },
    { name: 'testnet split', command: ['testnet', 'split', '1', '2'], next: ['testnet', 'heal'], ...up },
    {
      name: 'testnet heal',
      command: ['testnet', 'heal'],
      next: ['testnet', 'split', '1', '2'],
      ...up,
      after: async (run) => void (await run(['testnet', 'heal'])),
    },
    {
      name: 'testnet lag',
      command: ['testnet', 'lag', '1', '50'],
      next: ['testnet', 'lag', '1', '0'],
      ...up,
    },
    { name: 'testnet add', command: ['testnet', 'add'], next: [...START], done: ['ALREADY_RUNNING'] },
  ];
}

/** Those that sign, ask or export, on a running testnet. `path` gives a file name that is not taken. */
export function ledgerTrials(): Trial[] {
  const mined = (name: string, command: string[], more: Partial<Trial> = {}): Trial => ({
    name,
    command,
    next: ['send', 'faucet', 'miner-1', '1', '--wait'],
    ...more,
  });
  return [
    mined('balance', ['balance', 'faucet']),
    mined('send', ['send', 'faucet', 'miner-2', '1']),
    mined('send --wait', ['send', 'faucet', 'miner-2', '1', '--wait']),
    mined('record put', ['record', 'put', 'motto', '-', '--from', 'faucet'], { input: 'hello' }),
    mined('recovery set', ['recovery', 'set', 'faucet', '--by', 'miner-1', '--delay', '5']),
    mined('key rotate', ['key', 'rotate', 'faucet']),
    mined('prove', ['prove', 'balance', 'faucet', '-o', 'proof'], {
      next: ['prove', 'balance', 'faucet', '-o', 'proof'],
      done: ['EEXIST', 'FILE_EXISTS'],
    }),
  ];
}

/** Those about one account's key, records and recovery. Each begins with the account of the faucet open. */
export function accountTrials(): Trial[] {
  let made = 0;
  const trial = (name: string, command: string[], more: Partial<Trial> = {}): Trial => ({
    name,
    command,
    next: ['send', 'faucet', 'miner-1', '1', '--wait'],
    ...more,
  });
  const start = ['recovery', 'start', 'faucet', '--from', 'miner-1'];
  const claim = ['recovery', 'claim', 'faucet', '--from', 'miner-1'];
  const first =
    (...commands: string[][]) =>
    async (run: Run): Promise<readonly string[]> => {
      for (const command of commands) await run(command, 'hello');
      return [];
    };
  const afterwards =
    (...commands: string[][]) =>
    async (run: Run) =>
      void (await first(...commands)(run));
  const put = (name: string) => ['record', 'put', name, '-', '--from', 'faucet', '--wait'];
  return [
    trial('record give', ['record', 'give', '--from', 'faucet'], {
      before: async (run) => {
        const name = `given-${++made}`;
        await run(put(name), 'hello');
        return [name, 'miner-1'];
      },
    }),
    trial('record drop', ['record', 'drop', 'motto', '--from', 'faucet'], { before: first(put('motto')) }),
    trial('recovery start', start, { after: afterwards(['recovery', 'veto', 'faucet', '--from', 'faucet']) }),
    trial('recovery veto', ['recovery', 'veto', 'faucet', '--from', 'faucet'], { before: first(start) }),
    trial('recovery claim', claim, { before: first(start) }),
    trial('recovery clear', ['recovery', 'clear', 'faucet'], {
      before: first(['recovery', 'set', 'faucet', '--by', 'miner-1', '--delay', '1']),
    }),
    trial('key revoke', ['key', 'revoke', 'faucet'], {
      next: ['key', 'revoke', 'faucet'],
      done: ['LOCKED'],
      after: afterwards(start, claim),
    }),
  ];
}

/** What makes the faucet's account ready for `accountTrials`. */
export const ACCOUNT_SETUP = [
  ['send', 'faucet', 'miner-1', '100', '--wait'],
  ['recovery', 'set', 'faucet', '--by', 'miner-1', '--delay', '1'],
];

/** Those about what waits to be mined, on a testnet whose blocks are far apart. */
export function pendingTrials(): Trial[] {
  const trial = (name: string): Trial => ({
    name: `pending ${name}`,
    command: ['pending', name],
    next: ['pending'],
    before: async (run) => {
      const { stdout } = await run(['send', 'faucet', 'miner-2', '1', '--json']);
      const { id } = JSON.parse(stdout) as { id: string };
      return [id];
    },
    async check(run) {
      const { code, stdout, stderr } = await run(['send', 'faucet', 'miner-1', '1', '--json']);
      // One that was forgotten blocks those behind it until it is settled, and says how to go on.
      return code === 0 || /pier pending resend/.test(stdout) ? null : `${stdout}${stderr}`;
    },
    async after(run) {
      const { stdout } = await run(['pending', '--json']);
      const { pending } = JSON.parse(stdout) as { pending: { id: string; state: string }[] };
      for (const { id, state } of pending) if (state === 'forgotten') await run(['pending', 'resend', id]);
    },
  });
  return [trial('resend'), trial('replace'), trial('forget')];
}

/** A node of one's own: its launcher, and the node itself. */
export function nodeTrials(): Trial[] {
  const command = ['node', 'start', '--rpc', '127.0.0.1:0'];
  const rebuild = ['node', 'rebuild', '--data', 'testnet/node-1'];
  const node = { command, next: command, serves: true, fresh: true };
  return [
    { name: 'node start', ...node },
    { name: 'node start, the node', ...node, program: 'node.js' },
    { name: 'node rebuild', command: rebuild, next: rebuild },
  ];
}
