/**
 * Owns the picture of how the figures grow with the world: four small plots as one SVG, by hand, that takes its colours
 * from the reader's light or dark scheme. It holds no state.
 */
import type { ScaleFigures } from './figures.ts';
import { BLOCK_DELAYS_MAX, BODIES_MAX } from './goals.ts';

interface Series {
  readonly name: string;
  readonly of: (figures: ScaleFigures) => number;
}

interface Panel {
  readonly title: string;
  readonly unit: string;
  /** The upper line first. */
  readonly series: readonly Series[];
  /** A line that a promise draws. */
  readonly goal?: number;
  readonly top: number;
  readonly step: number;
}

const PANELS: readonly Panel[] = [
  {
    title: 'A block of known transactions',
    unit: 'link delays',
    series: [
      { name: '99 % of nodes', of: ({ known, linkDelayMs }) => known.p99Ms / linkDelayMs },
      { name: 'half', of: ({ known, linkDelayMs }) => known.p50Ms / linkDelayMs },
    ],
    goal: BLOCK_DELAYS_MAX,
    top: 8,
    step: 2,
  },
  {
    title: 'A transaction',
    unit: 'link delays',
    series: [
      { name: '99 % of nodes', of: ({ transactions, linkDelayMs }) => transactions.p99Ms / linkDelayMs },
      { name: 'half', of: ({ transactions, linkDelayMs }) => transactions.p50Ms / linkDelayMs },
    ],
    top: 16,
    step: 4,
  },
  {
    title: 'Bytes of a transaction, received by a node',
    unit: 'times',
    series: [{ name: 'received', of: ({ transactions }) => transactions.bodies }],
    goal: BODIES_MAX,
    top: 16 / 10,
    step: 4 / 10,
  },
  {
    title: 'Stale blocks to expect at ten seconds a block',
    unit: '%',
    series: [{ name: 'share', of: ({ forks }) => 100 * forks.expected }],
    top: 4,
    step: 1,
  },
];

const WIDTH = 760;
const PANEL_WIDTH = 380;
const PANEL_HEIGHT = 210;
const PLOT = { left: 44, top: 46, width: 240, height: 120 };

const LABEL_HEIGHT = 15;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #57606a; }
  .title { font-weight: 600; fill: #24292f; }
  .grid { stroke: #d0d7de; stroke-width: 1; }
  .goal { stroke: #cf222e; stroke-width: 1; stroke-dasharray: 4 3; }
  .goal-text { fill: #cf222e; }
  .line { fill: none; stroke-width: 2; }
  .s0 { stroke: #0969da; } .d0, .t0 { fill: #0969da; }
  .s1 { stroke: #bc4c00; } .d1, .t1 { fill: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1; }
    .title { fill: #f0f6fc; }
    .grid { stroke: #3d444d; }
    .goal { stroke: #f85149; }
    .goal-text { fill: #f85149; }
    .s0 { stroke: #4493f8; } .d0, .t0 { fill: #4493f8; }
    .s1 { stroke: #db8b4b; } .d1, .t1 { fill: #db8b4b; }
  }`;

/** An SVG of these worlds, the smallest first; each is as far from the next as any other. */
export function plotOf(worlds: readonly ScaleFigures[]): string {
  const height = PANEL_HEIGHT * Math.ceil(PANELS.length / 2);
  const panels = PANELS.map((panel, i) => {
    const x = (i % 2) * PANEL_WIDTH;
    const y = Math.floor(i / 2) * PANEL_HEIGHT;
    return `<g transform="translate(${x} ${y})">\n${drawPanel(panel, worlds).join('\n')}\n</g>`;
  });
  const sizes = worlds.map(({ nodes }) => nodes);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>How propagation, duplicates and forks grow from ${sizes[0]} to ${sizes.at(-1)} nodes</title>
<style>${STYLE}
</style>
${panels.join('\n')}
</svg>
`;
}

function drawPanel(
  { title, unit, series, goal, top, step }: Panel,
  worlds: readonly ScaleFigures[],
): string[] {
  const { left, width, height } = PLOT;
  const yOf = (value: number): number => round(PLOT.top + height - (height * Math.min(value, top)) / top);
  const xOf = (i: number): number => round(left + (width * (i + 1 / 2)) / worlds.length);
  const parts = [
    text(left, 20, title, 'class="title"'),
    text(left, 36, unit, ''),
    ...worlds.map(({ nodes }, i) =>
      text(xOf(i), PLOT.top + height + 18, nodes.toLocaleString('en'), 'text-anchor="middle"'),
    ),
    text(left + width + 8, PLOT.top + height + 18, 'nodes', ''),
  ];
  for (let i = 0; i * step <= top; i++) {
    const y = yOf(i * step);
    parts.push(`<line class="grid" x1="${left}" y1="${y}" x2="${left + width}" y2="${y}"/>`);
    parts.push(text(left - 8, y + 4, String(round(i * step)), 'text-anchor="end"'));
  }
  if (goal !== undefined) {
    const y = yOf(goal);
    parts.push(`<line class="goal" x1="${left}" y1="${y}" x2="${left + width}" y2="${y}"/>`);
    parts.push(text(left + width + 8, y + 4, `at most ${goal}`, 'class="goal-text"'));
  }
  let lastLabel = 0;
  series.forEach(({ name, of }, i) => {
    const points = worlds.map((figures, at) => [xOf(at), yOf(of(figures))] as const);
    parts.push(`<polyline class="line s${i}" points="${points.map((point) => point.join(',')).join(' ')}"/>`);
    for (const [x, y] of points) parts.push(`<circle class="d${i}" cx="${x}" cy="${y}" r="3"/>`);
    // Names of lines that end close together stand apart.
    lastLabel = Math.max(points.at(-1)![1] + 4, lastLabel + LABEL_HEIGHT);
    parts.push(text(left + width + 8, lastLabel, name, `class="t${i}"`));
  });
  return parts;
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x}" y="${y}"${attributes === '' ? '' : ` ${attributes}`}>${content}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
