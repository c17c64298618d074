/** Owns `pier block HEIGHT|ID|tip`. */
import { RuleError } from '../../chain/errors.ts';
import { checkedBlock } from '../../wallet/checked/block-answers.ts';
import type { Session } from '../../wallet/checked/session.ts';
import { NodeLie } from '../../wallet/headers/faults.ts';
import type { BlockAnswer } from '../../wallet/ledger-answers.ts';
import * as answers from '../../wallet/ledger-answers.ts';
import type { BlockReference } from '../../wallet/ledger-client.ts';
import { parseId, parseWhole } from '../arguments.ts';
import { checked, describeCheck, verifiedDocument } from '../checked.ts';
import { blockAnswer } from '../checked-shapes.ts';
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { countOf, formatBytes, formatTime, layFacts } from '../layout.ts';
import { transactionDocument, transactionRows } from '../transactions.ts';

const HEIGHT_MAX = 2 ** 32 - 1;

const FIELDS = [
  'id',
  'height',
  'previous',
  'time',
  'elapsed',
  'bits',
  'work',
  'miner',
  'historyRoot',
  'txRoot',
  'stateRoot',
  'transactions',
  'size',
];

export async function run(context: Context, which: string): Promise<void> {
  const reference = parseReference(which);
  if (context.trust) {
    const block = await openClient(context).block(reference);
    context.output.result(documentOf(block), () => describe(block));
    return;
  }
  const { answer, session } = await checked(context, (session) => ask(session, reference));
  const { block, settled } = answer;
  const verified = verifiedDocument(
    session,
    settled ? [...FIELDS, 'active', 'confirmations'] : answer.fields,
  );
  context.output.result({ ...documentOf(block), verified }, () => {
    const what = settled ? describeCheck(session) : answer.note;
    return describe(block, what);
  });
}

interface Shown {
  readonly block: BlockAnswer;
  /** It is of the chain that the nodes agree on. */
  readonly settled: boolean;
  readonly fields: readonly string[];
  readonly note: string;
}

async function ask(session: Session, reference: BlockReference): Promise<Shown> {
  const { agreement } = session;
  const named = reference !== 'tip' && 'id' in reference ? reference.id : null;
  const word = named === null ? null : await askWord(session, named);
  if (word !== null && !word.active) {
    return {
      block: word,
      settled: false,
      fields: [],
      note: "nothing: it is on no chain, so all this is the node's word",
    };
  }
  const height = word?.height ?? heightOf(reference, agreement.header.header.height);
  const found = await checkedBlock(session, height);
  if (found === null) throw new RuleError('UNKNOWN_BLOCK', `height ${height}`);
  const block = blockAnswer(found, agreement);
  if (named !== null && block.id !== named) throw new RuleError('UNKNOWN_BLOCK', named);
  const note = `its work and content; it is above block ${agreement.header.header.height}, so it may still change`;
  return { block, settled: found.agreed, fields: FIELDS, note };
}

function heightOf(reference: BlockReference, agreed: number): number {
  return reference !== 'tip' && 'height' in reference ? reference.height : agreed;
}

/** What a node says of a block that is known by its id only. */
function askWord(session: Session, id: string): Promise<BlockAnswer> {
  return session.ask(async (node) => {
    const block = answers.block(await session.rpc.callOn(node, 'block', { id }), 'block');
    if (block.id !== id) throw new NodeLie('it answers about another block');
    return block;
  });
}

function documentOf(block: BlockAnswer): object {
  const { tip, ...rest } = block;
  return { ...rest, transactions: block.transactions.map(transactionDocument) };
}

/** A short run of digits is a height; anything else must be an id. */
function parseReference(text: string): BlockReference {
  if (text === 'tip') return 'tip';
  if (/^[0-9]{1,10}$/.test(text)) return { height: parseWhole(text, 'the height', 0, HEIGHT_MAX) };
  return { id: parseId(text, 'block') };
}

function describe(block: BlockAnswer, check: string | null = null): string {
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
    ['checked', check],
  ]);
  if (block.transactions.length === 0) return facts;
  return [facts, '', ...transactionRows(block.transactions)].join('\n');
}
