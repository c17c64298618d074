/** Owns the commands about what was signed here and is not settled, as `program.ts` owns the others. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples, ledgerOptions, sendingOptions } from './help.ts';

const WHICH = 'its id, or the first digits of it';

export function addPending(program: Command, context: () => Context): void {
  const commands = () => import('./commands/pending.ts');
  const pending = program
    .command('pending')
    .description('transactions that were signed here and not seen mined')
    .addHelpText(
      'after',
      examples('pier pending', 'pier pending resend 1a2b3c4d', 'pier pending replace 1a2b3c4d --fee 0.01'),
    )
    .action(async () => (await commands()).list(context()));
  ledgerOptions(pending.command('resend'))
    .argument('<id>', WHICH)
    .description('hand the same signed transaction to the nodes again; that never pays twice')
    .action(async (id, options) => (await commands()).resend(context(), id, options));
  sendingOptions(pending.command('replace'))
    .argument('<id>', WHICH)
    .option('--wait', 'wait until it is in a block')
    .description('sign it again with a higher fee, at the same nonce: one of the two is mined')
    .action(async (id, options) => (await commands()).replace(context(), id, options));
  pending
    .command('forget')
    .argument('<id>', WHICH)
    .description('give it up: it is not handed over again, and the next transaction takes its nonce')
    .action(async (id) => (await commands()).forget(context(), id));
}
