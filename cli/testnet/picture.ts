/** Owns how a testnet looks on the screen: a scene in, lines that fit the terminal out. Pure text. */
import { clip, countOf, formatClock, formatSpan, layTable, shortId } from '../layout.ts';
import { out } from '../streams.ts';
import type { EventKind, NodeView, SceneEvent } from './scene.ts';

const { colors } = out;

export interface Picture {
  readonly nodes: readonly NodeView[];
  readonly events: readonly SceneEvent[];
  readonly dir: string;
  readonly groups: string | null;
  readonly nowMs: number;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

const TRY = [
  'pier key new alice          pier send faucet alice 100 --wait',
  'pier balance alice          pier testnet kill 1 · restart 1 · lag 2 3000',
  'pier forks                  pier testnet split "1,2" "3,4,5" · heal',
];

/** Columns of at most 80 without colours fit `npx ` too, but people have aliases. */
const FOOT = ['', colors.bold('try in another terminal (npx pier …)'), ...TRY.map((line) => `  ${line}`)];

/** The whole screen; never more lines than it has, nor wider ones. */
export function drawPicture(picture: Picture, { columns, rows }: ScreenSize): string[] {
  const head = [header(picture), '', ...nodeLines(picture), ...warningLines(picture)];
  const foot = rows - head.length - 2 >= FOOT.length + 4 ? FOOT : [];
  const room = Math.max(0, rows - head.length - foot.length - 2);
  const shown = room === 0 ? [] : picture.events.slice(-room);
  const lines = [...head, '', ...shown.map(describe)];
  while (lines.length < rows - foot.length - 1) lines.push('');
  return [...lines, ...foot].slice(0, rows - 1).map((line) => clip(line, columns));
}

/** An event as one plain line. */
export function describe({ at, kind, text }: SceneEvent): string {
  return `${colors.dim(formatClock(at))}  ${STYLE[kind](text)}`;
}

const STYLE: Record<EventKind, (text: string) => string> = {
  block: (text) => text,
  fork: colors.yellow,
  reorg: colors.magenta,
  node: colors.cyan,
  agreed: colors.green,
  warning: colors.yellow,
};

/** What nodes say is wrong, each thing once. */
function warningLines({ nodes }: Picture): string[] {
  const warnings = new Set(nodes.flatMap(({ warnings }) => warnings));
  return [...warnings].map((warning) => colors.yellow(warning));
}

function header({ nodes, dir, groups }: Picture): string {
  const up = nodes.filter((node) => node.up);
  const tips = new Set(up.map(({ tip }) => tip)).size;
  const agreement = tips === 1 ? colors.green('all agree') : colors.yellow(`${tips} tips`);
  const split = groups === null ? '' : colors.yellow(`   split: ${groups}`);
  const title = `${colors.bold('Pier testnet')}   ${up.length} of ${countOf(nodes.length, 'node')} up, ${agreement}${split}`;
  return `${title}   ${colors.dim(`Ctrl-C stops   ${dir}`)}`;
}

function nodeLines({ nodes, nowMs }: Picture): string[] {
  const rows = nodes.map(({ index, up, lagMs, height, tip, peers, mempool, time }) => {
    if (!up) return [String(index), colors.red('down')];
    const age = formatSpan(nowMs - time);
    return [
      String(index),
      lagMs === 0 ? colors.green('up') : `${colors.green('up')}, ${colors.yellow(`lags ${lagMs} ms`)}`,
      String(height),
      shortId(tip),
      String(peers),
      String(mempool),
      age,
    ];
  });
  const right = 'right' as const;
  const titles = ['NODE', '', 'HEIGHT', 'TIP', 'PEERS', 'MEMPOOL', 'LAST BLOCK'];
  const [title = '', ...lines] = layTable(
    [titles, ...rows],
    [right, 'left', right, 'left', right, right, right],
  );
  return [colors.dim(title), ...lines];
}
