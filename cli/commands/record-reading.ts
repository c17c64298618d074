/** Owns the commands that read one record: `pier record get` and `check`. */
import { formatPier } from '../../chain/format/amount.ts';
import { equalBytes, fromHex, toHex } from '../../chain/format/bytes.ts';
import { piecesRoot } from '../../chain/format/pieces.ts';
import { showBytes } from '../../chain/format/text.ts';
import type { RecordAnswer } from '../../wallet/ledger-answers.ts';
import { readRecord } from '../checked-record.ts';
import { isContent, readContent } from '../content.ts';
import type { Context } from '../context.ts';
import { CliError } from '../faults.ts';
import { countOf, formatBytes, layFacts } from '../layout.ts';
import { refuseTaken, writeNewFile } from '../new-file.ts';
import { contentOf, type NamingOptions, nameOf, recordDocument, resolveRecord } from '../records.ts';
import { out, showLines } from '../streams.ts';

const RECORD_FIELDS = [
  ...[
    'id',
    'owner',
    'creator',
    'name',
    'nameHex',
    'root',
    'size',
    'mediaType',
    'mediaTypeHex',
    'inline',
    'revision',
    'dropped',
  ],
  ...['deposit', 'history', 'height', 'tip'],
];
/** What of the documents a proof of the record covers: all of it. */
const CHECK_FIELDS = ['matches', 'record', 'owner', 'revision', 'root', 'size', 'height', 'tip'];

export interface GetOptions extends NamingOptions {
  readonly output?: string;
  readonly force?: boolean;
}

export async function get(context: Context, text: string, options: GetOptions): Promise<void> {
  const { output } = options;
  if (output !== undefined && output !== '-') refuseTaken(output, options.force === true);
  const which = await resolveRecord(context, text, options);
  const { answer, verified, check } = await readRecord(context, which, RECORD_FIELDS);
  const { tip, ...record } = answer;
  if (options.output !== undefined) return save(context, record, options.output, options.force === true);
  const document = { ...recordDocument(record), height: tip.height, tip: tip.id, ...verified };
  context.output.result(document, () =>
    layFacts([
      ['record', nameOf(record)],
      ['id', record.id],
      ['owner', record.owner],
      ['creator', record.creator === record.owner ? null : record.creator],
      ['revision', `${record.revision}${record.dropped ? ', dropped since' : ''}`],
      ['content', contentOf(record)],
      ['root', record.dropped ? null : record.root],
      ['text', textOf(record)],
      ['deposit', `${formatPier(record.deposit)} PIER`],
      ['changed', countOf(record.history.count, 'time')],
      ['as of', `block ${tip.height}`],
      ['checked', check],
    ]),
  );
}

type Described = Omit<RecordAnswer, 'tip'>;

/** Content that is on the ledger, if it is text: as it is shown, in one line. */
function textOf({ inline }: Described): string | null {
  if (inline === null || inline === '') return null;
  const shown = showBytes(fromHex(inline));
  // What else is escaped would be noise of some binary format.
  return /\\[ux]/.test(shown.replaceAll('\\\\', '')) ? null : shown;
}

async function save(context: Context, record: Described, file: string, force: boolean): Promise<void> {
  if (record.dropped) throw new CliError('RECORD_DROPPED', `${nameOf(record)} has been dropped`, '');
  if (record.inline === null) {
    const hint = `whoever has the file can have it checked: pier record check ${record.id} FILE`;
    throw new CliError('NOT_ON_LEDGER', 'the ledger has only the root of its content', hint);
  }
  const bytes = fromHex(record.inline);
  if (bytes.length !== record.size || !equalBytes(piecesRoot(bytes), fromHex(record.root))) {
    throw new CliError(
      'BAD_CONTENT',
      'the node gave other content than the record is about',
      'ask another --node',
    );
  }
  if (file === '-') return print(context, bytes);
  writeNewFile(file, bytes, force);
  const document = { file, size: record.size, root: record.root, revision: record.revision };
  context.output.result(document, () => `${formatBytes(record.size)} written to ${file}`);
}

/** A file may have anything in it; a terminal gets it only if it is text that steers nothing. */
function print({ output }: Context, bytes: Uint8Array): void {
  const lines = new TextDecoder().decode(bytes);
  if (out.isTerminal && (!equalBytes(new TextEncoder().encode(lines), bytes) || !isPlain(lines))) {
    const hint = 'write it into a file: -o FILE; or pipe it on';
    throw new CliError('NOT_TEXT', 'its content has bytes that could steer the terminal', hint);
  }
  output.bytes(bytes);
}

const isPlain = (text: string): boolean => {
  const lines = text.replaceAll('\t', ' ').replaceAll('\r\n', '\n');
  return !lines.includes('\x1b') && showLines(lines) === lines;
};

export async function check(
  context: Context,
  text: string,
  file: string,
  options: NamingOptions,
): Promise<void> {
  const which = await resolveRecord(context, text, options);
  const { answer: record, verified, check: checkLine } = await readRecord(context, which, CHECK_FIELDS);
  const name = nameOf(record);
  if (record.dropped) {
    throw new CliError(
      'RECORD_DROPPED',
      `${name} has been dropped: its owner stands by no file any more`,
      '',
    );
  }
  const content = await readContent(context, file);
  const shown = file === '-' ? 'standard input' : file;
  if (!isContent(content, record)) {
    throw new CliError(
      'CONTENT_DIFFERS',
      `${shown} is not what the owner of ${name} last signed: ${differenceOf(content, record)}`,
      `who signed what, and when: pier record history ${record.id}`,
    );
  }
  const { id, owner, revision, root, size, tip } = record;
  const document = {
    matches: true,
    record: id,
    owner,
    revision,
    root,
    size,
    height: tip.height,
    tip: tip.id,
    ...verified,
  };
  context.output.result(document, () =>
    layFacts([
      ['the same', `${shown} is what the owner of ${name} last signed`],
      ['owner', owner],
      ['revision', String(revision)],
      ['root', root],
      ['as of', `block ${tip.height}`],
      ['checked', checkLine],
    ]),
  );
}

function differenceOf({ root, size }: { root: Uint8Array; size: number }, record: RecordAnswer): string {
  return size === record.size
    ? `its content root is ${toHex(root).slice(0, 16)}…, not ${record.root.slice(0, 16)}…`
    : `it has ${countOf(size, 'byte')}, not ${record.size}`;
}
