/**
 * Owns a process that flips bits: `flip-run GOLD SCRATCH SEED FROM COUNT` tells of each flip in a line of JSON, and of the
 * one that it begins before it begins it. `flip-run GOLD make` makes the store that is damaged.
 */
import { Flips } from '../../node/flips.ts';

const [gold = '', scratch = '', seed = '', from = '', count = ''] = process.argv.slice(2);
const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

const flips = new Flips(gold);
if (scratch === 'make') await flips.make();
else {
  for (let flip = Number(from); flip < Number(from) + Number(count); flip++) {
    say({ begun: flip });
    say(await flips.run(Number(seed), flip, scratch));
  }
}
