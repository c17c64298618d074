/**
 * Owns the signals that end a testnet in the foreground. From the first question on none of them ends the process at once:
 * nodes would stay behind. One that comes while nobody asks is kept for whoever asks next.
 *
 * A hangup means that the terminal is gone. A command that writes to none goes on, as `nohup` wants it. Node takes away
 * the mark that `nohup` leaves, so stdout and stderr tell; not stdin, which `nohup` of BSD and macOS leaves alone. While
 * it starts, it goes on only if stdout is a file.
 */
import { out, writesToTerminal } from '../streams.ts';

export type Phase = 'starting' | 'running';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let installed = false;
let kept = false;
let listener: { readonly phase: Phase; readonly end: () => void } | null = null;

/** Calls `end` when the testnet is to end; once more for each further signal. The returned function stops that. */
export function onEnding(phase: Phase, end: () => void): () => void {
  if (!installed) for (const name of SIGNALS) process.on(name, receive);
  installed = true;
  listener = { phase, end };
  if (kept) end();
  kept = false;
  return () => {
    listener = null;
  };
}

function receive(name: NodeJS.Signals): void {
  if (name === 'SIGHUP' && !endsOnHangup(listener?.phase ?? 'running')) return;
  if (listener === null) kept = true;
  else listener.end();
}

function endsOnHangup(phase: Phase): boolean {
  return writesToTerminal() || (phase === 'starting' && !out.isFile);
}
