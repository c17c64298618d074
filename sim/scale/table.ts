/** Owns how the figures of large worlds are told: a row for each figure, a column for each world. It holds no state. */
import type { ScaleFigures } from './figures.ts';

type Row = readonly [what: string, of: (figures: ScaleFigures) => string];

const ROWS: readonly Row[] = [
  ['nodes', ({ nodes }) => count(nodes)],
  ['nodes that joined meanwhile', ({ joined }) => count(joined)],
  [
    'links dialled by a node, mean (least)',
    ({ outbound: { mean, least } }) => `${fixed(mean, 2)} (${least})`,
  ],
  ['link delay: mean one-way latency, ms', ({ linkDelayMs }) => fixed(linkDelayMs, 0)],
  ['blocks of known transactions', ({ known }) => count(known.count)],
  ['… at half of the nodes, link delays', (figures) => delays(figures, figures.known.p50Ms)],
  ['… at 99 % of the nodes, link delays', (figures) => delays(figures, figures.known.p99Ms)],
  ['blocks with fresh transactions', ({ fresh }) => count(fresh.count)],
  ['… at 99 % of the nodes, link delays', (figures) => delays(figures, figures.fresh.p99Ms)],
  ['transactions', ({ transactions }) => count(transactions.count)],
  ['… at half of the nodes, link delays', (figures) => delays(figures, figures.transactions.p50Ms)],
  ['… at 99 % of the nodes, link delays', (figures) => delays(figures, figures.transactions.p99Ms)],
  ['… bytes received, times a node', ({ transactions }) => fixed(transactions.bodies, 4)],
  ['… announcements received, times a node', ({ transactions }) => fixed(transactions.announcements, 1)],
  ['… bytes sent in all, a node', ({ transactions }) => count(transactions.bytes)],
  ['bytes sent for a block, a node', ({ blockBytes }) => count(blockBytes)],
  ['bytes sent besides, a node and second', ({ idleBytes }) => count(idleBytes)],
  ['stale blocks of all found', ({ forks: { stale, found } }) => `${stale} of ${found}`],
  ['expected stale share, ten-second blocks', ({ forks }) => `${fixed(100 * forks.expected, 1)} %`],
];

/** A table in Markdown. */
export function tableOf(worlds: readonly ScaleFigures[]): string {
  const rows = ROWS.map(([what, of]) => [what, ...worlds.map(of)]);
  const rule = ['---', ...worlds.map(() => '---:')];
  return [rows[0]!, rule, ...rows.slice(1)].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function delays({ linkDelayMs }: ScaleFigures, ms: number): string {
  return Number.isFinite(ms) ? fixed(ms / linkDelayMs, 1) : '-';
}

function fixed(value: number, digits: number): string {
  return value.toFixed(digits);
}

/** A whole number with a comma between thousands. */
function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(?:\d{3})+$)/g, ',');
}
