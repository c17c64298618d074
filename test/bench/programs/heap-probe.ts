/**
 * Loaded into a node before its own program, with `--import` and `--expose-gc`: answers its parent's questions about its
 * memory over the channel between them. State: none.
 */
import { writeHeapSnapshot } from 'node:v8';

/** What the parent asks. */
export type ProbeRequest = { readonly ask: 'memory' } | { readonly ask: 'snapshot'; readonly file: string };

/** Bytes that live after a forced collection. `external` includes array buffers. */
export interface LiveBytes {
  readonly heap: number;
  readonly external: number;
}

declare const gc: () => void;

/** A collection leaves what finalizers and emptied tables let go of; another one takes that too. */
async function liveBytes(): Promise<LiveBytes> {
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, external };
}

process.on('message', async (request: ProbeRequest) => {
  if (request.ask === 'snapshot') writeHeapSnapshot(request.file);
  process.send?.(await liveBytes());
});
// The channel alone doesn't keep a node from ending.
process.channel?.unref();
