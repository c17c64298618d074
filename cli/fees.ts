/** Owns the fee of what a command signs: what it is computed from, and the cap above which the command refuses. */
import { formatPier, parsePier } from '../chain/format/amount.ts';
import { choosePrice, defaultCap, type Quote } from '../wallet/fee-choice.ts';
import * as answers from '../wallet/ledger-answers.ts';
import { CliError } from './faults.ts';
import type { Sending, SendingOptions } from './sending.ts';

/** Nodes that are asked for their price. */
const ASKED = 3;

/** Throws 'BAD_AMOUNT' for what was typed wrong, before anything is asked of anyone. */
export function checkFeeOptions({ fee, maxFee }: SendingOptions): void {
  if (fee !== undefined) parsePier(fee);
  if (maxFee !== undefined) parsePier(maxFee);
}

/**
 * The fee in planks for `size` bytes: that of `--fee`, or what the ledger and the nodes ask. `floor` is what a
 * replacement must pay at least. Throws 'FEE_OVER_CAP', naming the node that asks for so much.
 */
export async function chooseFee(sending: Sending, size: number, floor = 0): Promise<number> {
  const { options, params } = sending;
  const { fee, maxFee } = options;
  const cap = maxFee === undefined ? null : parsePier(maxFee);
  if (fee !== undefined) {
    const given = parsePier(fee);
    if (cap === null || given <= cap) return given;
    throw new CliError('FEE_OVER_CAP', `--fee ${fee} is over --max-fee ${maxFee}`, 'change one of them');
  }
  const least = params.prices.feePerByte;
  const price = choosePrice(least, await quotes(sending));
  // Counted in whole planks far above 2^53 where a node asks for that.
  const asked = BigInt(price.perByte) * BigInt(size);
  const wanted = asked > BigInt(floor) ? asked : BigInt(floor);
  const limit = cap ?? defaultCap(least, size);
  if (wanted <= BigInt(limit)) return Number(wanted);
  const who =
    wanted > asked ? 'a replacement takes' : price.node === null ? 'it takes' : `${price.node} asks for`;
  const message = `${who} a fee of ${formatFee(wanted)} PIER, and ${formatPier(limit)} is the most that is paid`;
  throw new CliError(
    'FEE_OVER_CAP',
    message,
    'ask another --node, wait until it is less, or allow it: --max-fee PIER',
  );
}

/** What the nodes ask a byte. One that gives no answer has no say. */
async function quotes({ rpc }: Sending): Promise<Quote[]> {
  const asked = await Promise.allSettled(
    rpc.nodes.slice(0, ASKED).map(async (node) => {
      const { perByte, floorPerByte } = answers.fee(await rpc.callOn(node, 'fee', {}), 'fee');
      return { node, perByte: Math.max(perByte, floorPerByte) };
    }),
  );
  return asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
}

function formatFee(planks: bigint): string {
  return planks <= BigInt(Number.MAX_SAFE_INTEGER) ? formatPier(Number(planks)) : `${planks / 1_000_000n}`;
}
