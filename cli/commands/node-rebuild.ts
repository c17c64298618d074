/** Owns `pier node rebuild`: makes a node's database anew from its block files. */
import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { layFacts } from '../layout.ts';

export interface RebuildOptions {
  readonly data?: string;
}

const grouped = new Intl.NumberFormat('en-US');

export async function run(context: Context, options: RebuildOptions): Promise<void> {
  const dataDir = resolve(options.data ?? context.places.node);
  const [{ readGenesis }, { rebuildStore }] = await Promise.all([
    import('../../node/genesis-file.ts'),
    import('../../node/rebuild.ts'),
  ]);
  const { params } = readGenesis(dataDir, null);
  let told = -1;
  const { height, stored, damages } = await rebuildStore(dataDir, params, (done, of) => {
    const percent = of === 0 ? 100 : Math.floor((10 * done) / of) * 10;
    if (percent === told) return;
    told = percent;
    context.output.note(`block ${grouped.format(done)} of ${grouped.format(of)} (${percent} %)`);
  });
  for (const damage of damages) context.output.warn(damage);
  if (height < stored) {
    context.output.warn(
      `block ${grouped.format(height + 1)} is lost; pier node start fetches it from peers and goes on up to block ${grouped.format(stored)}`,
    );
  }
  context.output.result({ dataDir, height, stored, damages }, () =>
    layFacts([
      ['rebuilt', `up to block ${grouped.format(height)}`],
      ['data', dataDir],
    ]),
  );
}
