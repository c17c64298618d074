/** Owns what the help of many commands shares: how examples look, and the options of those that open a key. */
import type { Command } from 'commander';

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

export function secretOptions(command: Command): Command {
  return command
    .option('--passphrase-file <file>', 'read the passphrase from the first line of a file')
    .option('--passphrase-stdin', 'read the passphrase from standard input');
}

/** Of every command that signs. */
export function sendingOptions(command: Command): Command {
  const signing = secretOptions(command)
    .option('--fee <pier>', 'what the miner gets (default: the least that is mined now)')
    .option('--max-fee <pier>', 'refuse to pay a higher fee (default: 20 times the least the ledger asks)');
  return ledgerOptions(signing);
}

/** Of every command that signs or looks after what was signed. */
export function ledgerOptions(command: Command): Command {
  return command
    .option('--genesis <file>', 'the ledger that is meant, kept for this key and these nodes')
    .option('--depth <n>', 'blocks that must follow before an outcome is final (default: 6)');
}
