/**
 * Owns the bytes of a history's peaks: whoever has them goes on from there without the headers below. How many headers
 * each covers follows from the count of all, so only hashes and work are written. At most 32 of them. Holds no state.
 */
import { RuleError } from '../errors.ts';
import { type Codec, decode, encode, fixed, list, positive, struct } from '../format/codec.ts';
import type { Peaks } from './history.ts';

const PEAKS_MAX = 32;
/** More than anybody ever did, and so little that what is added later still fits the field of a history's root. */
const WORK_MAX = 1n << 255n;

interface WrittenPeak {
  readonly hash: Uint8Array;
  readonly work: bigint;
}

const codec: Codec<WrittenPeak[]> = list(PEAKS_MAX, struct<WrittenPeak>({ hash: fixed(32), work: positive }));

/** Number of peaks u8, then hash (32) and work (`positive`) of each, the smallest first. */
export function encodePeaks(peaks: Peaks): Uint8Array {
  const written: WrittenPeak[] = [];
  for (let peak = peaks; peak !== null; peak = peak.rest) written.push({ hash: peak.hash, work: peak.work });
  return encode(codec, written);
}

/**
 * The peaks over the first `count` headers; `RuleError('MALFORMED')` unless there are as many as those have, 'OVERSIZE' if
 * together they claim a work of 2^255 or more.
 */
export function decodePeaks(bytes: Uint8Array, count: number): Peaks {
  const written = decode(codec, bytes);
  const sizes: number[] = [];
  for (let size = 1; size <= count; size *= 2) if (Math.floor(count / size) % 2 === 1) sizes.push(size);
  if (sizes.length !== written.length) {
    throw new RuleError('MALFORMED', `${written.length} peaks over ${count} headers`);
  }
  const claimed = written.reduce((sum, { work }) => sum + work, 0n);
  if (claimed >= WORK_MAX) throw new RuleError('OVERSIZE', 'more work than can be done');
  return written.reduceRight<Peaks>(
    (rest, { hash, work }, i) => ({ hash, work, count: sizes[i]!, rest }),
    null,
  );
}
