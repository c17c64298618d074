/**
 * Owns the signals that end a testnet in the foreground. From the first question on none of them ends the process at once:
 * nodes would stay behind. One that comes while nobody asks is kept for whoever asks next.
 *
 * A hangup means that the terminal is gone. A command without one goes on, as `nohup` wants it: Node takes away the mark
 * that `nohup` leaves, so what tells is that none of the three streams is a terminal. While it starts, a file that its
 * output goes to has to say so as well.
 */
import { out, usesTerminal } from '../streams.ts';

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
  return usesTerminal() || (phase === 'starting' && !out.isFile);
}
