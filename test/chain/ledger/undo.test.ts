/** The undo record of any number of changes is one list, however many slices it is encoded in. */
import { expect, test } from 'vitest';
import { concat, toHex, u32 } from '../../../chain/format/bytes.ts';
import { decodeUndo, encodeUndo } from '../../../chain/ledger/undo.ts';
import { ENTRIES_A_SLICE } from '../../../chain/slices.ts';
import type { Change } from '../../../chain/state/working-state.ts';

const changeOf = (i: number): Change => ({
  key: concat(u32(i), new Uint8Array(28)),
  before: i % 3 === 0 ? null : Uint8Array.of(i, i >>> 8, 7),
  after: Uint8Array.of(1),
});

const changeText = (key: Uint8Array, bytes: Uint8Array | null): string =>
  `${toHex(key)} ${bytes && toHex(bytes)}`;

function encodeWhole(changes: readonly Change[]): { bytes: Uint8Array; rests: number } {
  const work = encodeUndo(changes);
  for (let rests = 0; ; rests++) {
    const step = work.next();
    if (step.done === true) return { bytes: step.value, rests };
  }
}

test.each([0, 1, ENTRIES_A_SLICE, ENTRIES_A_SLICE + 1, 2 * ENTRIES_A_SLICE + 500])(
  'an undo record of %i changes is their count and each of them, with a rest between two slices',
  (count) => {
    const changes = Array.from({ length: count }, (_, i) => changeOf(i));
    const { bytes, rests } = encodeWhole(changes);
    const items = changes.map(({ key, before }) =>
      before === null
        ? concat(key, Uint8Array.of(0))
        : concat(key, Uint8Array.of(1, 0, before.length), before),
    );
    expect(toHex(bytes)).toBe(toHex(concat(u32(count), ...items)));
    const back = decodeUndo(bytes).map(({ key, after }) => changeText(key, after));
    expect(back).toEqual(changes.map(({ key, before }) => changeText(key, before)));
    expect(rests).toBe(Math.max(0, Math.ceil(count / ENTRIES_A_SLICE) - 1));
  },
);
