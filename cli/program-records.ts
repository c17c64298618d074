/** Owns the commands about records, as `program.ts` owns the others. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples, sendingOptions } from './help.ts';

const RECORD = 'its name, NAME@WHO, or its id';
const CREATOR = 'who made it first (default: the key given by --from, or the only key)';

export function addRecords(program: Command, context: () => Context): void {
  const record = program.command('record').description('data that belongs to a key');
  const changes = () => import('./commands/record.ts');
  const changing = (name: string) =>
    sendingOptions(record.command(name))
      .requiredOption('--from <key>', 'one of your keys: the owner')
      .option('--creator <who>', CREATOR)
      .option('--wait', 'wait until it is in a block');
  changing('put')
    .argument('<name>', 'up to 64 bytes; with an owner, the record that is revised')
    .argument('[file]', 'what it is about; - or nothing for standard input')
    .option('--type <media>', "media type (default: what the file's name suggests)")
    .option('--no-inline', 'keep the content off the ledger even if it is at most 1 KiB')
    .description('sign that you stand by a file: made new, or revised')
    .addHelpText(
      'after',
      examples(
        'pier record put report report.pdf --from alice --wait',
        'echo hello | pier record put motto - --from alice',
        'pier record put report v2.pdf --from bob --creator alice    (given to bob before)',
      ),
    )
    .action(async (name, file, options) => (await changes()).put(context(), name, file, options));
  changing('give')
    .argument('<record>', RECORD)
    .argument('<to>', "a key's name or an address")
    .description("make it somebody else's, with its deposit")
    .addHelpText('after', examples('pier record give report bob --from alice'))
    .action(async (name, to, options) => (await changes()).give(context(), name, to, options));
  changing('drop')
    .argument('<record>', RECORD)
    .description('take it back: its deposit returns, its name and history stay')
    .action(async (name, options) => (await changes()).drop(context(), name, options));

  const reading = () => import('./commands/record-reading.ts');
  record
    .command('get')
    .argument('<record>', RECORD)
    .option('--creator <who>', CREATOR)
    .option('-o, --output <file>', 'write its content there, if the ledger has it; - for standard output')
    .option('--force', 'replace a file of that name')
    .description('whose it is and what it says now')
    .addHelpText(
      'after',
      examples('pier record get report@alice', 'pier record get motto@alice -o motto.txt'),
    )
    .action(async (name, options) => (await reading()).get(context(), name, options));
  record
    .command('history')
    .argument('<record>', RECORD)
    .option('--creator <who>', CREATOR)
    .option('--limit <n>', 'how many (default: 20)')
    .option('--before <cursor>', 'earlier ones, as the page before says')
    .description('who owned it when, and each revision, newest first')
    .action(async (name, options) =>
      (await import('./commands/record-pages.ts')).history(context(), name, options),
    );
  record
    .command('list')
    .argument('<who>', "a key's name or an address")
    .option('--limit <n>', 'how many (default: 20)')
    .option('--after <id>', 'more, as the page before says')
    .description('the records an account owns')
    .action(async (who, options) =>
      (await import('./commands/record-pages.ts')).list(context(), who, options),
    );
  record
    .command('check')
    .argument('<record>', RECORD)
    .argument('<file>', 'what you have; - for standard input')
    .option('--creator <who>', CREATOR)
    .description('is this file what the owner last signed? If not, it says so and fails')
    .addHelpText('after', examples('pier record check report@alice report.pdf'))
    .action(async (name, file, options) => (await reading()).check(context(), name, file, options));
}
