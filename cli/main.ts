/**
 * Owns the start and the end of every command: the program is built, one command runs, and whatever it throws is told
 * once, here. Exit codes: 0 done, 1 refused or failed, 2 typed wrong, 130 interrupted.
 */
import { CommanderError } from 'commander';
import colors from 'picocolors';
import { CliError, describeError, type Fault } from './faults.ts';
import { buildProgram } from './program.ts';

// A reader that has seen enough, as `head`, is no error. Whoever holds something open gets to close it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  if (process.listenerCount('SIGTERM') > 0) process.emit('SIGTERM');
  else process.exit(0);
});
process.stderr.on('error', () => {});

const EXIT_CODES: Partial<Record<string, number>> = { USAGE: 2, INTERRUPTED: 130 };

const json = process.argv.includes('--json');
let code = 0;
try {
  await buildProgram(process.env).parseAsync(process.argv);
} catch (error) {
  code = tell(error);
}
// Idle connections would keep the process. An empty write is called back when all before it is out.
process.stdout.write('', () => process.exit(code));

/** Says what went wrong; the exit code. */
function tell(error: unknown): number {
  // Help and version were printed already.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  // A group of commands without one: its help says all, and was shown.
  if (error instanceof CommanderError && error.code === 'commander.help' && !json) return 2;
  const fault = error instanceof CommanderError ? describeUsage(error) : describeError(error);
  const { code, message, hint } = fault;
  if (json) {
    process.stdout.write(`${JSON.stringify({ error: { code, message, hint } })}\n`);
  } else {
    process.stderr.write(`${colors.red('error:')} ${message}\n`);
    if (hint !== '') process.stderr.write(`${colors.cyan('hint:')} ${hint}\n`);
    if (process.env.PIER_DEBUG) process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  }
  return EXIT_CODES[code] ?? 1;
}

/** The parser's complaints, in our form. It puts its suggestions into brackets on a line of their own. */
function describeUsage(error: CommanderError): Fault {
  if (error.code === 'commander.help') {
    return new CliError('USAGE', 'no command was given', 'see them with: pier --help');
  }
  const [first = '', ...rest] = error.message.split('\n');
  const suggestion = rest
    .join(' ')
    .trim()
    .replace(/^\((.*)\)$/, '$1');
  return {
    code: 'USAGE',
    message: first.replace(/^error: /, ''),
    hint: suggestion === '' ? 'see how it is used with --help' : suggestion,
  };
}
