/** Owns the sentences that tell of causes: what happened to a transaction, who brought it, and what it waits for. */
import type { CauseAnswer, Origin, ReorgAnswer, TransactionStory } from '../wallet/cause-answers.ts';
import { countOf, formatBytes, shortAddress, shortId } from './layout.ts';

/** One sentence, without a time. */
export function describeCause({ what, way, from, block, reorg, reason, by }: CauseAnswer): string {
  const why = reason === null ? '' : `: ${reason.message}`;
  const where = block === null ? 'a block' : `block ${block.height}  ${shortId(block.id)}`;
  switch (what) {
    case 'pending':
      return describeEntry(way, from);
    case 'waiting':
      if (reason === null) return 'set aside: the reorganisation took back what it rests on';
      return `set aside${from === null ? '' : `, ${describeOrigin(from)}`}${why}`;
    case 'mined':
      return `mined in ${where}${block === null ? '' : ` by ${shortAddress(block.miner)}`}`;
    case 'orphaned':
      return `orphaned: ${where} left the chain${reorg === null ? '' : `. ${describeReorg(reorg)}`}`;
    case 'dropped':
      return `dropped${why}${by === null ? '' : `; transaction ${by} is in its place`}`;
    case 'refused':
      return `refused${from === null ? '' : `, ${describeOrigin(from)}`}${why}`;
  }
}

function describeEntry(way: CauseAnswer['way'], from: Origin | null): string {
  switch (way) {
    case 'waited':
      return 'in the mempool: what it waited for is here';
    case 'displaced':
      return 'back in the mempool';
    case 'restart':
      return 'in the mempool: kept over a restart of the node';
    default:
      return `in the mempool${from === null ? '' : `, ${describeOrigin(from)}`}`;
  }
}

/** Who brought something, as an aside. */
export function describeOrigin({ kind, node, address }: Origin): string {
  if (kind === 'user') return 'from a user of this node';
  if (kind === 'self') return 'mined by this node';
  return node === null ? 'from a peer' : `from peer ${shortId(node)} at ${address ?? ''}`;
}

export function describeReorg(reorg: ReorgAnswer): string {
  const { forkHeight, depth, connected, lostWork, wonWork, moreWork } = reorg;
  return (
    `After block ${forkHeight} another branch won: ${countOf(connected, 'block')} with work ${wonWork} ` +
    `against ${depth} with ${lostWork}, ${moreWork} more`
  );
}

/** Why it isn't mined yet; null if that is no question. */
export function describeStanding({ status, standing, nonce }: TransactionStory): string | null {
  if (status === 'waiting') {
    if (nonce === null || nonce.own <= nonce.next) return 'it waits for what it rests on';
    return `it has nonce ${nonce.own}, and nonce ${nonce.next} of its sender isn't here yet`;
  }
  if (standing === null) return null;
  const { earlier, ahead, bytesAhead, blocks } = standing;
  const behind = earlier === 0 ? '' : `; ${earlier} of them ${earlier === 1 ? 'is' : 'are'} its sender's own`;
  const others = `${countOf(ahead, 'transaction')} (${formatBytes(bytesAhead)})`;
  if (blocks > 0) {
    return `${others} go before it by their fees: about ${countOf(blocks, 'full block')}${behind}`;
  }
  const after = ahead === 0 ? 'nothing goes before it' : `after ${others}${behind}`;
  return `it waits for the next block, which has room for it: ${after}`;
}
