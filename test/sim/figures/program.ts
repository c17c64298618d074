/**
 * Owns the run of studies on the command line: `[NAME] [--seeds K] [--json]`. Prints each figure beside what theory
 * expects and what is demanded; the exit code is 1 if one is missed, and 2 if it can't tell what is wanted.
 */
import { parseArgs } from 'node:util';
import { layTable } from '../../../cli/layout.ts';
import { quickVerifier, signQuickly } from '../../../cli/quick-signatures.ts';
import { verifyStrictNode } from '../../../node/verifier.ts';
import { censorship } from '../../../sim/figures/censorship.ts';
import { eclipse } from '../../../sim/figures/eclipse.ts';
import { exodus } from '../../../sim/figures/exodus.ts';
import type { Figure, Study } from '../../../sim/figures/figure.ts';
import { sleep } from '../../../sim/figures/sleep.ts';
import { time } from '../../../sim/figures/time.ts';

const STUDIES: readonly Study[] = [sleep, exodus, time, censorship, eclipse];
const SEEDS_MAX = 100_000;

export async function runStudies(args: readonly string[]): Promise<number> {
  let given: ReturnType<typeof readArguments>;
  try {
    given = readArguments(args);
  } catch (error) {
    return refuse((error as Error).message);
  }
  const { values, positionals } = given;
  const [wanted = ''] = positionals;
  const studies = STUDIES.filter(({ name }) => name.includes(wanted));
  const seeds = values.seeds === undefined ? null : Number(values.seeds);
  if (studies.length === 0) return refuse(`no study is named "${wanted}"`);
  if (seeds !== null && !(Number.isInteger(seeds) && seeds >= 1 && seeds <= SEEDS_MAX))
    return refuse(`--seeds wants a whole number from 1 to ${SEEDS_MAX}`);
  let missed = 0;
  const told: { study: string; about: string; figures: Figure[] }[] = [];
  for (const { name, about, run } of studies) {
    const progress = (text: string): void => showProgress(`${name}: ${text}`);
    const parts = { seeds, sign: signQuickly, verify: verifyStrictNode, verifier: quickVerifier, progress };
    const figures = await run(parts);
    showProgress('');
    missed += figures.filter(isMissed).length;
    told.push({ study: name, about, figures });
    if (!values.json) printStudy(`${name}: ${about}`, figures);
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ studies: told, missed })}\n`);
  else process.stdout.write(missed === 0 ? 'no figure is missed\n' : `${missed} missed\n`);
  return missed === 0 ? 0 : 1;
}

function readArguments(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { seeds: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
}

function refuse(why: string): number {
  const names = STUDIES.map(({ name }) => name).join(', ');
  process.stderr.write(
    `${why}\nnpm run sim:figures -- [NAME] [--seeds K] [--json], where NAME is of: ${names}\n`,
  );
  return 2;
}

function isMissed({ value, atMost }: Figure): boolean {
  return atMost !== null && !(value <= atMost);
}

function printStudy(title: string, figures: readonly Figure[]): void {
  const rows = figures.map((figure) => [
    figure.name,
    `${Number(figure.value.toPrecision(3))} ${figure.unit}`,
    figure.atMost === null ? '' : `≤ ${figure.atMost}`,
    figure.expected,
    isMissed(figure) ? 'MISSED' : '',
  ]);
  const lines = layTable([['figure', 'measured', 'goal', 'expected', ''], ...rows]);
  process.stdout.write(`${title}\n${lines.map((line) => `  ${line}\n`).join('')}\n`);
}

/** One line that each next one takes the place of, for a person who waits. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
