/** Flips one bit of the block files and the header file of a ledger in memory at a time: no answer may be wrong, and all must come back. */
import type { Measure } from '../bench/figure.ts';
import { DamageTrial, type Outcome } from '../chain/ledger/file-damage.ts';
import { draws } from '../p2p/test-node.ts';

const FLIPS = Number(process.env.FLIPS ?? 5_000);
const SEED = Number(process.env.SEED ?? 1);

const measureFlips: Measure = async () => {
  console.log(`flips: SEED=${SEED} FLIPS=${FLIPS}`);
  const trial = await DamageTrial.make();
  const names = ['blocks-000000', 'headers'];
  const sizes = names.map((name) => trial.files.find(name)!.size * 8);
  const random = draws(SEED);
  const counts: Record<Outcome, number> = { whole: 0, refused: 0, behind: 0 };
  let wrong = 0;
  for (let flip = 0; flip < FLIPS; flip++) {
    let bit = random() % (sizes[0]! + sizes[1]!);
    const name = bit < sizes[0]! ? names[0]! : names[1]!;
    if (name === 'headers') bit -= sizes[0]!;
    try {
      counts[await trial.run((files) => files.find(name)!.flip(bit), flip % 2 === 1)]++;
    } catch (error) {
      wrong++;
      console.log(`flip ${flip}, bit ${bit} of ${name}: ${(error as Error).message}`);
    }
  }
  const figure = (what: string, value: number) => ({ name: what, unit: '', samples: [value] });
  return [
    {
      name: `wrong or not repaired, of ${FLIPS} flips of files`,
      unit: '',
      samples: [wrong],
      goal: { atMost: 0 },
    },
    figure('flips after which all was there', counts.whole),
    figure('flips after which a block was said to be lost', counts.refused),
    figure('flips after which the state went back until a peer came', counts.behind),
  ];
};

export default measureFlips;
