/** Owns `pier node start`: one node under a launcher in this process, until Ctrl-C. */
import type { NodeInfo } from '../../node/node.ts';
import type { Context } from '../context.ts';
import { CliError } from '../faults.ts';
import { resolveWho } from '../keys.ts';
import { layFacts } from '../layout.ts';

/** As `node/config.ts` takes them, but that all may be left out and a key's name will do for `mine`. */
export interface StartNodeOptions {
  readonly data?: string;
  readonly genesis?: string;
  readonly listen?: string;
  readonly rpc?: string;
  readonly peer?: string[];
  readonly mine?: string;
  readonly hashrate?: string;
  readonly allowOrigin?: string[];
  readonly allowHost?: string[];
  readonly scrub?: boolean;
  readonly acceptLoss?: boolean;
}

export async function run(context: Context, options: StartNodeOptions): Promise<void> {
  const mine = options.mine === undefined ? undefined : await resolveWho(context, options.mine);
  const data = options.data ?? context.places.node;
  const [{ readConfig }, { launchNode }] = await Promise.all([
    import('../../node/config.ts'),
    import('../../node/launch.ts'),
  ]);
  // What can't be is refused here, before anything is started.
  const { dataDir, genesisPath } = readConfig({ ...options, data, mine });
  const given = { ...options, data: dataDir, genesis: genesisPath ?? undefined, mine };
  let served = false;
  const { exitCode, fault } = await launchNode({
    dataDir,
    args: argumentsOf(given),
    stdout: 'ignore',
    ready(info) {
      // After a crash it is the same node; programs get one document.
      if (served) context.output.note('the node serves again');
      else tell(context, dataDir, info as NodeInfo);
      served = true;
    },
  });
  if (fault !== null) throw new CliError(fault.code, fault.message, fault.hint);
  if (exitCode !== 0)
    throw new CliError('NODE_FAILED', `the node ended with ${exitCode}`, `its log is in ${dataDir}`);
}

/** As the node's own program takes them. */
function argumentsOf(options: object): string[] {
  return Object.entries(options).flatMap(([name, value]: [string, unknown]) => {
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    // `--no-scrub` is the option that says false.
    if (value === false) return [`--no-${name}`];
    if (value === true) return name === 'scrub' ? [] : [option];
    if (typeof value === 'string') return [`${option}=${value}`];
    return Array.isArray(value) ? value.map((each) => `${option}=${each}`) : [];
  });
}

function tell(context: Context, dataDir: string, info: NodeInfo): void {
  context.output.result({ ...info, dataDir }, () =>
    layFacts([
      ['node', info.node],
      ['ledger', info.chainId],
      ['commands', info.rpc],
      ['links', info.p2p ?? 'none are taken, only made'],
      ['data', dataDir],
      ['end', 'Ctrl-C'],
    ]),
  );
}
