/** Owns one trial of a damaged file: a node on a copy of the gold folder, and whether what it does then is right. */
import { rmSync } from 'node:fs';
import type { FileDamage } from './file-damage.ts';
import type { Stage } from './stage.ts';

export interface FileReport {
  /** `right`: all answers, without a peer. `peer`: with one. `refused`: it says why it does not start. */
  readonly outcome: 'right' | 'peer' | 'refused' | 'failed';
  /** Why it failed, or what it said. */
  readonly words: readonly string[];
}

/** Lines of a stack trace, and errors that nobody put into words. */
const TRACE = /^\s+at |\b(?:TypeError|RangeError|ReferenceError|UnhandledPromise)/m;
const ATTEMPTS = 3;

/** Runs a node on a damaged copy of a folder. */
export async function tryDamage(
  stage: Stage,
  from: string,
  name: string,
  damage: FileDamage,
): Promise<FileReport> {
  const data = stage.copy(from, name);
  damage.harm(data);
  const words: string[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const node = stage.start(data, { withGenesis: damage.withoutGenesis !== true });
    if (!(await node.serves())) {
      const { code, signal } = await node.kill();
      words.push(`${code ?? signal}: ${node.stderr.trim().slice(-400)}`);
      // One without a launcher is started again by whoever runs it.
      if (signal === 'SIGABRT') continue;
      const isClear = code === 1 && node.stderr.trim() !== '' && !TRACE.test(node.stderr);
      const outcome = damage.most === 'refusal' && isClear ? 'refused' : 'failed';
      if (outcome === 'refused') rmSync(data, { recursive: true, force: true });
      return { outcome, words };
    }
    const course = await stage.watch(node, damage.most !== 'alone');
    const { damages, stderr } = node;
    const isTold = damages.some((text) => text.includes('journal'));
    const stopped = node.end === null && (await node.stop());
    if (node.end?.signal === 'SIGABRT') continue;
    const isExcused = (text: string): boolean => isTold && stage.isAboutSpare(text);
    const faults = [...course.silent, ...course.unclear, ...course.left].filter((text) => !isExcused(text));
    if (!stopped) faults.push(`it did not stop in order: ${JSON.stringify(node.end)} ${stderr.slice(-400)}`);
    if (TRACE.test(stderr)) faults.push(`it says ${stderr.slice(-400)}`);
    if (faults.length > 0) return { outcome: 'failed', words: [...faults.slice(0, 4), ...damages.slice(-3)] };
    rmSync(data, { recursive: true, force: true });
    return { outcome: course.way === 'peer' ? 'peer' : 'right', words: damages.slice(-2) };
  }
  return { outcome: 'failed', words };
}
