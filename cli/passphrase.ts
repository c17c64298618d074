/**
 * Owns how secrets are asked for: a file, standard input, or a prompt that shows nothing. Never the command line, which
 * every process of the machine can read.
 */
import { readFileSync } from 'node:fs';
import { CliError } from './faults.ts';

export interface SecretOptions {
  readonly passphraseFile?: string;
  readonly passphraseStdin?: boolean;
}

const SECRET_BYTES_MAX = 64 * 1024;

/** The passphrase from wherever the options say; asked twice at a terminal if it is a new one. */
export async function readPassphrase(options: SecretOptions, what: string, isNew: boolean): Promise<string> {
  if (options.passphraseFile !== undefined) return firstLine(readSmallFile(options.passphraseFile));
  if (options.passphraseStdin === true) return firstLine(await readStdin());
  if (process.stdin.isTTY !== true) {
    const hint = 'use --passphrase-file FILE, or --passphrase-stdin';
    throw new CliError(
      'PASSPHRASE_NEEDED',
      `${what} needs a passphrase and there is no terminal to ask at`,
      hint,
    );
  }
  const passphrase = await prompt(`passphrase of ${what}: `);
  if (isNew && (await prompt('the same again: ')) !== passphrase) {
    throw new CliError('PASSPHRASES_DIFFER', 'the two passphrases differ', 'try again');
  }
  return passphrase;
}

/** Text that must stay secret, as recovery words: from the file, or a prompt, or what remains of standard input. */
export async function readSecret(file: string | undefined, what: string): Promise<string> {
  if (file !== undefined) return readSmallFile(file);
  if (process.stdin.isTTY === true) return prompt(`${what}: `);
  return readStdin();
}

/** Reads one line without showing it. Ctrl-C ends the command, as it would without us. */
function prompt(question: string): Promise<string> {
  const { stdin, stderr } = process;
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (finish: () => void) => {
      stdin.setRawMode(false);
      stdin.pause();
      stdin.off('data', take);
      stderr.write('\n');
      finish();
    };
    const take = (chunk: Buffer) => {
      for (const character of chunk.toString('utf8')) {
        if (character === '\r' || character === '\n') return end(() => resolve(typed));
        if (character === '\x03' || character === '\x04') {
          return end(() => reject(new CliError('INTERRUPTED', 'nothing was done')));
        }
        if (character === '\x7f' || character === '\b') typed = [...typed].slice(0, -1).join('');
        else if (character >= ' ') typed += character;
      }
    };
    stderr.write(question);
    stdin.setRawMode(true);
    stdin.resume();
    stdin.on('data', take);
  });
}

function readSmallFile(path: string): string {
  const bytes = readFileSync(path);
  if (bytes.length > SECRET_BYTES_MAX) throw new CliError('TOO_LARGE', `${path} is too large to be a secret`);
  return bytes.toString('utf8');
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    length += chunk.length;
    if (length > SECRET_BYTES_MAX)
      throw new CliError('TOO_LARGE', 'standard input is too large to be a secret');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** An editor's newline at the end is no part of a passphrase; spaces are. */
function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? '';
}
