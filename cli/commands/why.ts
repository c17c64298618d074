/** Owns `pier why tx ID` and `pier why tip`: the causes that a node remembers, as a story. */
import type { TipStory, TransactionStory } from '../../wallet/cause-answers.ts';
import { parseId } from '../arguments.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { countOf, formatTime, layFacts, layTable, shortAddress, shortId } from '../layout.ts';
import { describeCause, describeOrigin, describeReorg, describeStanding } from '../story.ts';

export async function whyTransaction(context: Context, id: string): Promise<void> {
  const wanted = parseId(id, 'transaction');
  const client = openClient(context);
  const story = await client.whyTransaction(wanted);
  const { tip, ...rest } = story;
  const document = { ...present(rest), node: client.rpc.node, height: tip.height, tip: tip.id };
  context.output.result(document, () => tellTransaction(story, client.rpc.node));
}

export async function whyTip(context: Context): Promise<void> {
  const client = openClient(context);
  const story = await client.whyTip();
  const { tip, ...rest } = story;
  const document = { ...present(rest), node: client.rpc.node, height: tip.height, tip: tip.id };
  context.output.result(document, () => tellTip(story, client.rpc.node));
}

/** The same without the fields that have nothing in them, at any depth. */
function present<T>(value: T): T {
  if (Array.isArray(value)) return value.map(present) as T;
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(fields.map(([name, each]) => [name, present(each)])) as T;
}

function tellTransaction(story: TransactionStory, node: string): string {
  const { id, status, confirmations, causes, left, since } = story;
  const standing = describeStanding(story);
  const facts = layFacts([
    ['status', status === 'mined' ? `mined, ${countOf(confirmations, 'confirmation')}` : status],
    ['id', id],
    ['why', standing],
    ['told by', node],
  ]);
  if (causes.length === 0) {
    return `${facts}\n\nThis node knows nothing of it. It remembers from ${formatTime(since)} on.`;
  }
  const steps = causes.map((cause) => [formatTime(cause.at), describeCause(cause)]);
  if (left > 0) steps.splice(1, 0, ['…', `${countOf(left, 'step')} left out`]);
  // The beginning of the story is missing: all that is certain is where it was mined.
  if (causes[0]!.what === 'mined')
    steps.unshift(['', 'it came with its block, or before what is remembered']);
  return [facts, '', ...layTable(steps)].join('\n');
}

const STATE = {
  valid: 'complete',
  headers: 'blocks are missing',
  invalid: 'invalid',
} as const;

function tellTip(story: TipStory, node: string): string {
  const { tip, block, arrival, rivals, reorganisation } = story;
  const lines = [
    layFacts([
      ['tip', `${tip.height}  ${tip.id}`],
      ['why', describeLead(rivals)],
      ['work', `${block.work} hashes, ${block.ownWork} of them in this block`],
      ['came', arrival === null ? null : `${formatTime(arrival.at)}, ${describeOrigin(arrival.from)}`],
      ['mined', `${formatTime(block.time)} by ${shortAddress(block.miner)}`],
      ['told by', node],
    ]),
  ];
  if (rivals.length > 0) lines.push('', ...rivalRows(rivals));
  if (reorganisation === null) return [...lines, '', 'no reorganisation is remembered'].join('\n');
  const { reorg, displaced, count } = reorganisation;
  lines.push(
    '',
    `last reorganisation  ${formatTime(reorg.at)}  from ${shortId(reorg.from)} to ${shortId(reorg.to)}`,
    `${describeReorg(reorg)}.`,
  );
  if (count === 0) return [...lines, 'No transaction was in the blocks undone.'].join('\n');
  const fates = displaced.map(({ id, status, height, reason }) => {
    const where = height === null ? '' : ` in block ${height}`;
    return [id, `${status}${where}${reason === null ? '' : `: ${reason.message}`}`];
  });
  lines.push(`${countOf(count, 'transaction')} displaced, and what became of it:`, ...layTable(fates));
  if (displaced.length < count) lines.push(`and ${count - displaced.length} more`);
  return lines.join('\n');
}

function describeLead(rivals: TipStory['rivals']): string {
  const best = rivals.find(({ status }) => status === 'valid');
  if (best === undefined) return 'no other complete branch is known';
  if (best.lessWork !== '0') return `the best other branch has ${best.lessWork} less work`;
  return 'another branch has the same work; of equals the one that was complete first stays';
}

function rivalRows(rivals: TipStory['rivals']): string[] {
  const rows = rivals.map((rival) => [
    String(rival.height),
    shortId(rival.id),
    rival.moreWork === '0' ? `-${rival.lessWork}` : `+${rival.moreWork}`,
    `${countOf(rival.height - rival.forkHeight, 'block')} after ${rival.forkHeight}`,
    rival.arrival === null ? '' : `${formatTime(rival.arrival.at)}, ${describeOrigin(rival.arrival.from)}`,
    `${STATE[rival.status]}${rival.reason === null ? '' : `: ${rival.reason.message}`}`,
  ]);
  const header = ['HEIGHT', 'RIVAL', 'WORK', 'BRANCH', 'CAME', 'STATE'];
  return layTable([header, ...rows], ['right', 'left', 'right']);
}
