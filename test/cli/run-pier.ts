/** Owns running the `pier` command as a process of its own, as people do, with a home in a temporary folder. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { callNode } from '../../cli/node-rpc.ts';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  /** Folder it runs in; the tests' own if left out. */
  readonly cwd?: string;
}

/** A home for one test file; `remove` takes it away. */
export class PierHome {
  readonly path = mkdtempSync(join(tmpdir(), 'pier-cli-'));

  /** Runs one command to its end. */
  run(args: readonly string[], { input = '', cwd }: RunOptions = {}): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = this.spawn(args, cwd);
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text) => {
        stderr += text;
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
      // A command that fails early doesn't read it.
      child.stdin.on('error', () => {});
      child.stdin.end(input);
    });
  }

  /** Starts a command that goes on. */
  spawn(args: readonly string[], cwd = '.'): ChildProcessWithoutNullStreams {
    const entry = fileURLToPath(new URL('cli.js', inject('bundle')));
    const env = { ...process.env, PIER_HOME: this.path };
    return spawn(process.execPath, [entry, ...args], { cwd, env, stdio: 'pipe' });
  }

  /** The JSON document of a command that must succeed. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  async json(args: readonly string[], options: RunOptions = {}): Promise<any> {
    const outcome = await this.run([...args, '--json'], options);
    if (outcome.code !== 0) throw new Error(`pier ${args.join(' ')}: ${outcome.stdout}${outcome.stderr}`);
    return JSON.parse(outcome.stdout);
  }

  /** The code of the error of a command that must fail, from its one JSON document. */
  async faultCode(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout } = await this.run([...args, '--json'], options);
    if (code === 0) throw new Error(`pier ${args.join(' ')} was to fail: ${stdout}`);
    const { error } = JSON.parse(stdout);
    if (typeof error.message !== 'string' || typeof error.hint !== 'string') throw new Error(stdout);
    return error.code;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Height of the node whose RPC has that URL. */
export async function heightOf(url: string): Promise<number> {
  return (await callNode<{ height: number }>(url, 'status')).height;
}
