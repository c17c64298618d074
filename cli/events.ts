/** Owns the sentence that tells of an event. */
import { countOf, shortAddress, shortId } from './layout.ts';
import type { NodeEvent } from './subscription.ts';

/** One line, without a time. */
export function describeEvent(event: NodeEvent): string {
  switch (event.topic) {
    case 'tip': {
      const content = event.transactions === 0 ? 'empty' : countOf(event.transactions, 'transaction');
      return `block ${event.height}  ${shortId(event.id)}  ${content}, mined by ${shortAddress(event.miner)}`;
    }
    case 'reorg':
      return (
        `reorganised after block ${event.forkHeight}: ${countOf(event.depth, 'block')} undone, ` +
        `${event.connected} done, now at ${shortId(event.to)}`
      );
    case 'transaction': {
      const where = event.block === null ? '' : ` in block ${event.block.height}`;
      const why = event.reason === null ? '' : `: ${event.reason.message}`;
      return `transaction ${shortId(event.id)}  ${event.status}${where}${why}`;
    }
  }
}
