/** Owns `pier block HEIGHT|ID|tip`. */
import type { BlockAnswer } from '../../wallet/ledger-answers.ts';
import type { BlockReference } from '../../wallet/ledger-client.ts';
import { parseId, parseWhole } from '../arguments.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { countOf, formatBytes, formatTime, layFacts } from '../layout.ts';
import { transactionDocument, transactionRows } from '../transactions.ts';

const HEIGHT_MAX = 2 ** 32 - 1;

export async function run(context: Context, which: string): Promise<void> {
  const reference = parseReference(which);
  const block = await openClient(context).block(reference);
  const { tip, ...rest } = block;
  const document = { ...rest, transactions: block.transactions.map(transactionDocument) };
  context.output.result(document, () => describe(block));
}

/** A short run of digits is a height; anything else must be an id. */
function parseReference(text: string): BlockReference {
  if (text === 'tip') return 'tip';
  if (/^[0-9]{1,10}$/.test(text)) return { height: parseWhole(text, 'the height', 0, HEIGHT_MAX) };
  return { id: parseId(text, 'block') };
}

function describe(block: BlockAnswer): string {
  const chain = block.active ? countOf(block.confirmations, 'confirmation') : 'on a branch that lost';
  const facts = layFacts([
    ['height', `${block.height} (${chain})`],
    ['id', block.id],
    ['previous', block.previous],
    ['time', formatTime(block.time)],
    ['miner', block.miner],
    ['work', `${block.work} hashes up to here`],
    ['state root', block.stateRoot],
    ['history root', block.historyRoot],
    ['size', formatBytes(block.size)],
    ['transactions', String(block.transactions.length)],
  ]);
  if (block.transactions.length === 0) return facts;
  return [facts, '', ...transactionRows(block.transactions)].join('\n');
}
