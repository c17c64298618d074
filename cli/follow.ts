/** Owns following a transaction to its block, from node to node if it must be: each is handed it again if it lost it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Transaction } from '../chain/format/transaction.ts';
import { WalletError } from '../wallet/errors.ts';
import type { TransactionAnswer } from '../wallet/ledger-answers.ts';
import type { LedgerClient } from '../wallet/ledger-client.ts';
import { CliError, ruleHint } from './faults.ts';
import type { Progress } from './output.ts';
import { err } from './streams.ts';

const POLL_MS = 100;
/** How long all nodes may be silent, as while a testnet restarts. */
const SILENCE_MS = 20_000;

export interface MinedIn {
  readonly height: number;
  readonly id: string;
}

/** The block that holds it. Throws the reason if it was dropped, 'EXPIRED' if it can't be mined any more. */
export async function followTransaction(
  client: LedgerClient,
  transaction: Transaction,
  progress: Progress,
): Promise<MinedIn> {
  const interrupted = () => {
    progress.stop();
    err.text(`it still waits to be mined; look again with: pier tx ${transaction.key}\n`);
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  try {
    return await follow(client, transaction, progress);
  } finally {
    process.off('SIGINT', interrupted);
    progress.stop();
  }
}

async function follow(client: LedgerClient, transaction: Transaction, progress: Progress): Promise<MinedIn> {
  let heard = performance.now();
  for (;;) {
    const answer = await ask(client, transaction.key, () => performance.now() - heard < SILENCE_MS);
    if (answer === null) {
      progress.update('no node answers; trying again');
    } else {
      heard = performance.now();
      if (answer.status === 'mined' && answer.block !== null) {
        return { height: answer.block.height, id: answer.block.id };
      }
      if (answer.status === 'dropped') throw dropFault(answer);
      if (answer.tip.height >= transaction.validUntil) throw expiry(transaction);
      // This node never got it: the one that had it may be gone. The same bytes can't pay twice.
      if (answer.status === 'unknown') await client.submit([transaction.bytes]).catch(ignoreSilence);
      progress.update(`waiting for a block after ${answer.tip.height}`);
    }
    await sleep(POLL_MS);
  }
}

async function ask(
  client: LedgerClient,
  id: string,
  patient: () => boolean,
): Promise<TransactionAnswer | null> {
  try {
    return await client.transaction(id);
  } catch (error) {
    ignoreSilence(error);
    if (!patient()) throw error;
    return null;
  }
}

function ignoreSilence(error: unknown): void {
  if (!(error instanceof WalletError) || error.code !== 'NO_NODE') throw error;
}

function dropFault({ reason }: TransactionAnswer): CliError {
  const code = reason?.code ?? 'DROPPED';
  return new CliError(code, `dropped: ${reason?.message ?? 'the node gives no reason'}`, ruleHint(code));
}

function expiry(transaction: Transaction): CliError {
  const message = `not mined by block ${transaction.validUntil}, so it never will be`;
  return new CliError('EXPIRED', message, 'send it again, perhaps with a higher --fee');
}
