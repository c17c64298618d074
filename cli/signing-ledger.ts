/**
 * Owns which ledger a command signs for, known before anything is signed: that of `--genesis`, or else of the testnet
 * or node of this machine, or else the one pinned for the account and the nodes. Otherwise a terminal asks, and a script
 * is refused.
 */
import { toHex } from '../chain/format/bytes.ts';
import type { RpcClient } from '../wallet/client.ts';
import type { VerifiedChain } from '../wallet/headers/verified-chain.ts';
import type { Context } from './context.ts';
import { CliError } from './faults.ts';
import { chooseKeyring } from './keys.ts';
import { readLedger } from './known-ledgers.ts';
import { chainOf, claimedChain, localChain, nameOfLedger } from './light-ledger.ts';
import { pinLedger, pinnedLedgers } from './pins.ts';
import { ask } from './prompt.ts';

export interface SigningLedger {
  readonly chain: VerifiedChain;
  /** Pins it at these nodes, which have shown its chain, if its user has just said that it is meant. */
  pin(nodes: readonly string[]): Promise<void>;
}

const REMEDY =
  'say which once with --genesis FILE, its genesis.json; it is kept for this key and these nodes';

/** `account` is the signer's address as text, `given` the file of `--genesis`. */
export async function findSigningLedger(
  context: Context,
  rpc: RpcClient,
  account: string,
  given: string | undefined,
): Promise<SigningLedger> {
  const { directory } = chooseKeyring(context);
  const pinned = pinnedLedgers(directory, account, rpc.nodes);
  const keep = (chain: VerifiedChain): SigningLedger => ({
    chain,
    async pin(nodes) {
      const before = await pinLedger(directory, account, nodes, toHex(chain.ledger.genesis.id));
      for (const old of before) {
        const what = `the ledger of this key at ${nodes.join(', ')}`;
        context.output.warn(`${what} was ${old.slice(0, 16)}… and is ${nameOfLedger(chain)} from now on`);
      }
    },
  });
  if (given !== undefined) {
    const { ledger } = await readLedger(given);
    return keep(await chainOf(context, ledger.params, toHex(ledger.chainId)));
  }
  const local = await localChain(context);
  if (local !== null) return { chain: local, async pin() {} };
  if (pinned.length > 1) {
    const ids = pinned.map((id) => `${id.slice(0, 16)}…`).join(' and ');
    throw new CliError('OTHER_LEDGER', `these nodes are pinned to different ledgers: ${ids}`, REMEDY);
  }
  if (pinned.length === 1) return { chain: await claimedChain(context, rpc, pinned[0]!), async pin() {} };
  const claimed = await claimedChain(context, rpc);
  const claim = `${rpc.nodes.join(', ')} says ${nameOfLedger(claimed)}`;
  if (!context.output.asks()) {
    throw new CliError('LEDGER_UNKNOWN', `which ledger to sign for is not known; ${claim}`, REMEDY);
  }
  if (!(await confirm(`which ledger is meant is not known here: ${claim}. Sign for it, now and later?`))) {
    throw new CliError('LEDGER_UNKNOWN', 'nothing was signed', REMEDY);
  }
  return keep(claimed);
}

async function confirm(question: string): Promise<boolean> {
  const answer = await ask(`${question} [y/N] `, { hidden: false });
  return /^y(es)?$/i.test(answer.trim());
}
