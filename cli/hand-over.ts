/** Owns handing signed transactions to nodes: to several at once, and what each said. The same bytes never pay twice. */

import { showString } from '../chain/format/text.ts';
import type { Transaction } from '../chain/format/transaction.ts';
import { RpcClient } from '../wallet/client.ts';
import { LedgerClient } from '../wallet/ledger-client.ts';
import { CliError, ruleHint } from './faults.ts';
import type { Sending } from './sending.ts';

/** Nodes that are handed them: more tell each other. */
const HANDED_MAX = 3;

export interface Refusal {
  readonly node: string;
  /** A node's word for the rule that is broken; empty if the node did not answer. */
  readonly code: string;
  readonly message: string;
}

export interface Handed {
  /** True if a node said that it holds it, or that it is mined. */
  readonly acknowledged: boolean;
  readonly refusals: readonly Refusal[];
}

/** One outcome each, in order. Transactions of one sender are in the order of their nonces. Never throws for a node. */
export async function handOver(
  { context, rpc }: Sending,
  transactions: readonly Transaction[],
): Promise<Handed[]> {
  if (transactions.length === 0) return [];
  const { fetch, timer } = context.world;
  const bytes = transactions.map((one) => one.bytes);
  const answers = await Promise.all(
    rpc.nodes.slice(0, HANDED_MAX).map(async (node) => {
      try {
        const client = new LedgerClient(new RpcClient({ nodes: [node], fetch, timer }));
        return { node, results: await client.submit(bytes), failure: '' };
      } catch (error) {
        return { node, results: null, failure: (error as Error).message };
      }
    }),
  );
  return transactions.map((_, i) => {
    const refusals: Refusal[] = [];
    let acknowledged = false;
    for (const { node, results, failure } of answers) {
      const error = results === null ? { code: '', message: failure } : results[i]!.error;
      if (error === null) acknowledged = true;
      else refusals.push({ node, code: error.code, message: error.message });
    }
    return { acknowledged, refusals };
  });
}

/** Why no node took it, in words. */
export function describeRefusals(refusals: readonly Refusal[]): string {
  const told = refusals.map(({ node, code, message }) =>
    code === '' ? message : `${node} says ${showString(code)}: ${showString(message)}`,
  );
  return told.join('; ');
}

/** A command's fault when no node took what it signed. What nodes say of it proves nothing, so the code is ours. */
export function notTaken(transaction: Transaction, refusals: readonly Refusal[]): CliError {
  const id = transaction.key;
  const hint = [...new Set(refusals.map(({ code }) => ruleHint(code)))].filter((one) => one !== '')[0] ?? '';
  const advice = `it is signed and kept, and may still be mined: pier pending resend ${id.slice(0, 10)}`;
  return new CliError(
    'NOT_TAKEN',
    `no node took it: ${describeRefusals(refusals)}`,
    hint === '' ? advice : `${hint}; ${advice}`,
  );
}
