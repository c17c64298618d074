/** Owns the commands about the life of a key, as `program.ts` owns the others. They wait for their block by default. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples, sendingOptions } from './help.ts';

const ACCOUNT = "a key's name or an address";

/** `rotate` and `revoke`, in the group of keys. */
export function addKeyLife(key: Command, context: () => Context): void {
  const commands = () => import('./commands/key-life.ts');
  changing(key.command('rotate'))
    .argument('<name>', 'one of your keys')
    .description('give its account a new key; the address stays')
    .addHelpText('after', examples('pier key rotate alice'))
    .action(async (name, options) => (await commands()).rotate(context(), name, options));
  changing(key.command('revoke'))
    .argument('<name>', 'one of your keys: say, one that was stolen')
    .description('lock its account at once: only its recovery account can open it again')
    .action(async (name, options) => (await commands()).revoke(context(), name, options));
}

export function addRecovery(program: Command, context: () => Context): void {
  const recovery = program.command('recovery').description('who may give an account a new key, and doing it');
  const commands = () => import('./commands/recovery.ts');
  changing(recovery.command('set'))
    .argument('<name>', 'one of your keys')
    .requiredOption('--by <who>', 'the account that may recover it')
    .requiredOption('--delay <blocks>', 'how long the owner has to say no')
    .description('name the recovery account; a change of it waits the delay of the one before')
    .addHelpText('after', examples('pier recovery set alice --by bob --delay 1000'))
    .action(async (name, options) => (await commands()).set(context(), name, options));
  changing(recovery.command('clear'))
    .argument('<name>', 'one of your keys')
    .description('have no recovery account any more, after its delay')
    .action(async (name, options) => (await commands()).clear(context(), name, options));
  from(recovery.command('start'), 'the key of its recovery account')
    .argument('<target>', `${ACCOUNT}: the account whose key is lost or stolen`)
    .option('--as <name>', 'what to call its new key, if none of its keys is here')
    .option('--new-passphrase-file <file>', 'passphrase of the new key (default: asked for, or the same)')
    .description('make a new key for an account, and begin its recovery')
    .addHelpText(
      'after',
      examples('pier recovery start alice --from bob', 'pier recovery claim alice --from bob'),
    )
    .action(async (target, options) =>
      (await import('./commands/recovery-start.ts')).start(context(), target, options),
    );
  from(recovery.command('veto'), "its owner's key, or that of its recovery account")
    .argument('<target>', ACCOUNT)
    .description('its owner stops a recovery; its recovery account stops a change of itself')
    .action(async (target, options) => (await commands()).veto(context(), target, options));
  from(recovery.command('claim'), 'the key of its recovery account')
    .argument('<target>', ACCOUNT)
    .description('end a recovery whose delay has passed: the account has its new key')
    .action(async (target, options) => (await commands()).claim(context(), target, options));
  recovery
    .command('status')
    .argument('<who>', ACCOUNT)
    .description('who may recover it, and what is under way')
    .action(async (who) => (await import('./commands/recovery-status.ts')).run(context(), who));
}

function from(command: Command, what: string): Command {
  return changing(command).requiredOption('--from <key>', what);
}

function changing(command: Command): Command {
  return sendingOptions(command).option('--no-wait', 'do not wait until it is in a block');
}
