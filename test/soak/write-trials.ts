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
