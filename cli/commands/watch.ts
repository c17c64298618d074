/** Owns `pier watch`: a live stream of tips, reorganisations and transactions, from one node and then another. */
import type { Context } from '../context.ts';
import { needNodes } from '../discovery.ts';
import { describeEvent } from '../events.ts';
import { formatClock } from '../layout.ts';
import { out } from '../streams.ts';
import { Subscription } from '../subscription.ts';

export async function run(context: Context): Promise<void> {
  const { output, places } = context;
  const urls = needNodes(context.found(), places);
  let next = 0;
  let current = '';
  const url = () => {
    current = urls[next % urls.length]!;
    return current;
  };
  const subscription = new Subscription(url, ['tip', 'reorg', 'transaction'], {
    event(event, document) {
      if (output.json) output.document(document);
      else output.line(`${out.colors.dim(formatClock(Date.now()))}  ${describeEvent(event)}`);
    },
    opened: () => output.note(`watching ${current}; Ctrl-C ends`),
    closed() {
      next++;
      output.note(`${current} is gone; going on with ${urls[next % urls.length]}`);
    },
  });
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  subscription.end();
}
