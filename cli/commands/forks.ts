/** Owns `pier forks`: the branches a node knows, and how it changed from one to another. */
import { openClient } from '../client.ts';
import type { Context } from '../context.ts';
import { countOf, formatTime, layTable, shortId } from '../layout.ts';

const MEANING = {
  active: 'the chain',
  valid: 'lost, was valid',
  headers: 'headers only',
  invalid: 'invalid',
} as const;

export async function run(context: Context): Promise<void> {
  const { tips, reorgs, tip } = await openClient(context).forks();
  const document = { tips, reorgs, height: tip.height, tip: tip.id };
  context.output.result(document, () => {
    const right = 'right' as const;
    const branches = tips.map((branch) => [
      String(branch.height),
      shortId(branch.id),
      branch.work,
      MEANING[branch.status],
      branch.status === 'active' ? '' : `${countOf(branch.length, 'block')} after ${branch.forkHeight}`,
    ]);
    const lines = layTable(
      [['HEIGHT', 'TIP', 'WORK', 'STATE', 'BRANCH'], ...branches],
      [right, 'left', right],
    );
    if (reorgs.length === 0) return [...lines, '', 'no reorganisation yet'].join('\n');
    const changes = reorgs.map((reorg) => [
      formatTime(reorg.at),
      shortId(reorg.from),
      shortId(reorg.to),
      String(reorg.depth),
      String(reorg.connected),
      String(reorg.forkHeight),
    ]);
    const header = ['REORGANISED', 'FROM', 'TO', 'UNDONE', 'DONE', 'AFTER BLOCK'];
    lines.push('', ...layTable([header, ...changes], ['left', 'left', 'left', right, right, right]));
    return lines.join('\n');
  });
}
