/**
 * Owns the start and the end of every command: the program is built, one command runs, and whatever it throws is told
 * once, here. Exit codes: 0 done, 1 refused or failed, 2 typed wrong, 130 interrupted,
 * 141 nobody reads any more.
 */
import { CommanderError } from 'commander';
import { CliError, describeError, type Fault } from './faults.ts';
import { toJson } from './output.ts';
import { buildProgram } from './program.ts';
import { err, isGone, isHungUp, out } from './streams.ts';

const EXIT_CODES: Partial<Record<string, number>> = { USAGE: 2, INTERRUPTED: 130 };
/** As a shell tells it of a process that SIGPIPE has ended. */
const READER_GONE = 141;

const json = process.argv.includes('--json');
let code = 0;
try {
  await buildProgram(process.env).parseAsync(process.argv);
} catch (error) {
  code = tell(error);
}
await out.flush();
await err.flush();
if (isHungUp()) {
  // Node aborts when it exits without the terminal that it began with: a hangup ends the process, as it ends others.
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
}
// Idle connections would keep the process.
process.exit(tellLoss() ?? code);

/** What could not be written is an error, whatever the command did: its exit code, or null if all is out. */
function tellLoss(): number | null {
  const failure = out.failure ?? err.failure;
  if (failure === null) return null;
  if (isGone(failure)) return code === 0 ? READER_GONE : code;
  const { message, hint } = describeError(failure);
  err.text(`${err.colors.red('error:')} the answer could not be written: ${message}\n`);
  err.text(
    `${err.colors.cyan('hint:')} ${hint === '' ? '' : `${hint}; `}whatever the command changed stays changed\n`,
  );
  return code === 0 ? 1 : code;
}

/** Says what went wrong; the exit code. */
function tell(error: unknown): number {
  // Help and version were printed already.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  // A group of commands without one: its help says all, and was shown.
  if (error instanceof CommanderError && error.code === 'commander.help' && !json) return 2;
  const fault = error instanceof CommanderError ? describeUsage(error) : describeError(error);
  const { code, message, hint } = fault;
  if (json) {
    out.raw(`${toJson({ error: { code, message, hint } })}\n`);
  } else {
    err.text(`${err.colors.red('error:')} ${message}\n`);
    if (hint !== '') err.text(`${err.colors.cyan('hint:')} ${hint}\n`);
    if (process.env.PIER_DEBUG) err.text(`${error instanceof Error ? error.stack : error}\n`);
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
