/** Owns `pier node start`: one node in this process, until Ctrl-C. */
import type { Context } from '../context.ts';

export interface NodeOptions {
  readonly data?: string;
}

export async function run(_context: Context, _options: NodeOptions): Promise<void> {}
