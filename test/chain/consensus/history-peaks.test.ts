import { describe, expect, test } from 'vitest';
import { appendHistory, EMPTY_HISTORY, historyRoot, type Peaks } from '../../../chain/consensus/history.ts';
import { decodePeaks, encodePeaks } from '../../../chain/consensus/history-peaks.ts';
import { RuleError } from '../../../chain/errors.ts';

const leafAt = (height: number, work = BigInt(height + 1)) => ({ id: new Uint8Array(32).fill(height), work });

function peaksOver(works: readonly bigint[]): Peaks {
  return works.reduce<Peaks>((peaks, work, i) => appendHistory(peaks, leafAt(i, work)), EMPTY_HISTORY);
}

describe('the peaks of a history', () => {
  test('survive their codec, for each count', () => {
    let peaks: Peaks = EMPTY_HISTORY;
    for (let count = 0; count <= 70; count++) {
      expect(decodePeaks(encodePeaks(peaks), count)).toEqual(peaks);
      peaks = appendHistory(peaks, leafAt(count));
    }
  });

  test('are refused if there are not as many as the headers have', () => {
    const bytes = encodePeaks(peaksOver([1n, 1n, 1n]));
    expect(() => decodePeaks(bytes, 4)).toThrow(RuleError);
    expect(() => decodePeaks(bytes, 7)).toThrow(RuleError);
    expect(historyRoot(decodePeaks(bytes, 3))).toEqual(historyRoot(peaksOver([1n, 1n, 1n])));
  });

  test('are refused if they claim more work than a root has room for, once more is added', () => {
    const most = (1n << 255n) - 1n;
    const lie = (works: bigint[]): Uint8Array =>
      encodePeaks({
        ...{ hash: leafAt(0).id, count: 1, work: works[0]! },
        rest: { hash: leafAt(1).id, count: 2, work: works[1]!, rest: null },
      });
    for (const works of [
      [most, 1n],
      [1n, 2n ** 256n - 1n],
      [2n ** 256n - 1n, 2n ** 256n - 1n],
    ])
      expect(() => decodePeaks(lie(works), 3)).toThrow(RuleError);
    const peaks = decodePeaks(lie([most - 1n, 1n]), 3);
    expect(historyRoot(appendHistory(peaks, leafAt(3, 1n << 255n)))).toHaveLength(32);
  });
});
