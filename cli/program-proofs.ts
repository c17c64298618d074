/** Owns the commands that make and check proofs, as `program.ts` owns the others. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples } from './help.ts';

export function addProofs(program: Command, context: () => Context): void {
  const prove = program.command('prove').description('a proof as a file, which anyone can check offline');
  const commands = () => import('./commands/prove.ts');
  const proof = (name: string) =>
    prove
      .command(name)
      .requiredOption('-o, --output <file>', 'write the proof here')
      .option('--force', 'replace a file of that name')
      .option('--wait <blocks>', 'until so many blocks stand on it: their work is what makes it strong')
      .option('--genesis <file>', "the ledger's genesis.json");
  proof('balance')
    .argument('<who>', "a key's name or an address")
    .description('what an account has')
    .addHelpText('after', examples('pier prove balance alice -o alice.proof', 'pier verify alice.proof'))
    .action(async (who, options) => (await commands()).proveBalance(context(), who, options));
  proof('record')
    .argument('<record>', "its id, or NAME@WHO: its name and its creator's key or address")
    .description('what a record is, and whose')
    .addHelpText('after', examples('pier prove record notes@alice -o notes.proof --wait 6'))
    .action(async (record, options) => (await commands()).proveRecord(context(), record, options));
  proof('absent')
    .argument('<what>', 'an account (name or address) or a record (id or NAME@WHO)')
    .description('that an account or a record does not exist')
    .action(async (what, options) => (await commands()).proveAbsence(context(), what, options));
  proof('tx')
    .argument('<id>', '64 hex digits')
    .description('that a transaction is in the chain, and where')
    .action(async (id, options) => (await commands()).proveTransaction(context(), id, options));
  proof('supply')
    .description('how much money there is')
    .action(async (options) => (await commands()).proveSupply(context(), options));
  proof('history')
    .argument('<what>', 'an account (name or address) or a record (id or NAME@WHO)')
    .option('--last <n>', 'only the newest n transactions')
    .description('all transactions that ever touched an account or a record, none left out')
    .action(async (what, options) => (await commands()).proveHistory(context(), what, options));
  program
    .command('verify')
    .argument('<file>', 'a proof')
    .option(
      '--genesis <file>',
      "the ledger's genesis.json (default: ./genesis.json, else those of this machine)",
    )
    .description('check a proof offline: what it shows, how much work stands on it, what it leaves open')
    .addHelpText(
      'after',
      examples('pier verify alice.proof', 'pier verify alice.proof --genesis genesis.json'),
    )
    .action(async (file, options) => (await import('./commands/verify.ts')).run(context(), file, options));
}
