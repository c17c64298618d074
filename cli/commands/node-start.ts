/** Owns `pier node start`: one node in this process, until Ctrl-C. */
import type { NodeInfo } from '../../node/node.ts';
import type { Context } from '../context.ts';
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
}

export async function run(context: Context, options: StartNodeOptions): Promise<void> {
  const mine = options.mine === undefined ? undefined : await resolveWho(context, options.mine);
  const data = options.data ?? context.places.node;
  const [{ readConfig }, { runNode }] = await Promise.all([
    import('../../node/config.ts'),
    import('../../node/run.ts'),
  ]);
  const config = readConfig({ ...options, data, mine });
  await runNode(config, { ready: (info) => tell(context, config.dataDir, info) });
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
