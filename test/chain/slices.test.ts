import { describe, expect, test } from 'vitest';
import { MemoryFiles } from '../../chain/files/memory-files.ts';
import { decodeTransaction, OUTPUTS_MAX } from '../../chain/format/transaction.ts';
import { Ledger } from '../../chain/ledger/ledger.ts';
import { MemoryStore } from '../../chain/ledger/memory-store.ts';
import { Scrub } from '../../chain/ledger/scrub.ts';
import { transactionRow } from '../../chain/ledger/store-keys.ts';
import { Admission } from '../../chain/pool/admission.ts';
import { Mempool } from '../../chain/pool/mempool.ts';
import { ENTRIES_A_SLICE, forEachRange, forEachSliced } from '../../chain/slices.ts';
import { ThreadPoolVerifier } from '../../node/verifier.ts';
import { accountAddress } from '../bench/accounts.ts';
import {
  connectBlock,
  easyGenesis,
  makeBlock,
  makePeople,
  paramsOf,
  signTransfer,
} from '../bench/workload.ts';

/** A pause that counts how often it was awaited. */
function countingPause() {
  let rests = 0;
  const take = (): number => {
    const taken = rests;
    rests = 0;
    return taken;
  };
  return { pause: async () => void rests++, take };
}

describe('sliced work', () => {
  const items = Array.from({ length: 2 * ENTRIES_A_SLICE + 1 }, (_, i) => i);

  test('sees each item once, in order, and rests between slices', async () => {
    const { pause, take } = countingPause();
    const seen: number[] = [];
    await forEachSliced(items, pause, (item, index) => seen.push(item + index));
    expect(seen).toEqual(items.map((i) => 2 * i));
    expect(take()).toBe(2);
  });

  test('covers every item with ranges', async () => {
    const { pause, take } = countingPause();
    const seen: number[] = [];
    await forEachRange(items.length, pause, (from, to) => void seen.push(...items.slice(from, to)));
    expect(seen).toEqual(items);
    expect(take()).toBe(2);
  });

  test('does not rest for a slice or less', async () => {
    const { pause, take } = countingPause();
    await forEachSliced(items.slice(0, ENTRIES_A_SLICE), pause, () => {});
    expect(take()).toBe(0);
  });
});

describe('a block of the widest transfers', () => {
  /** Enough for a few slices; a full block has 143. */
  const TRANSFERS = 24;

  async function world() {
    const people = makePeople(TRANSFERS);
    const params = paramsOf(easyGenesis({ funded: people, age: 4 }));
    const counting = countingPause();
    const store = new MemoryStore();
    const ledger = await Ledger.open({
      params,
      store,
      files: new MemoryFiles(),
      verifier: new ThreadPoolVerifier(),
      pause: counting.pause,
    });
    const sign = (outputs: number, first: number) =>
      people.map((person, i) => {
        const to = (k: number) => accountAddress(first + i * outputs + k);
        const list = Array.from({ length: outputs }, (_, k) => ({ to: to(k), amount: 1 }));
        return decodeTransaction(signTransfer(params, ledger.chainId, person, list));
      });
    counting.take();
    return { ledger, store, sign, rests: counting.take };
  }

  const slices = Math.floor((TRANSFERS * OUTPUTS_MAX) / ENTRIES_A_SLICE);

  test.each([
    ['accounts that it makes', 1_000_000],
    ['accounts that exist', 0],
  ])('rests in each step of its way, paying %s', async (_, first) => {
    const { ledger, sign, rests } = await world();
    await connectBlock(ledger, await makeBlock(ledger, sign(OUTPUTS_MAX, 0)));
    rests();
    const block = await makeBlock(ledger, sign(OUTPUTS_MAX, first));
    // One rest a slice in each of six steps: collect, read, execute, encode, hash, update the tree.
    expect(rests()).toBeGreaterThanOrEqual(6 * slices);
    await connectBlock(ledger, block);
    // Connecting takes the same steps and two more: noting the changes and encoding the undo record.
    expect(rests()).toBeGreaterThanOrEqual(8 * slices);
  });

  test('rests while it is looked through, and found damaged', async () => {
    const { ledger, store, sign, rests } = await world();
    const transactions = sign(OUTPUTS_MAX, 0);
    await connectBlock(ledger, await makeBlock(ledger, transactions));
    const scrub = new Scrub(ledger);
    rests();
    await scrub.step();
    // Collect the entries, read them, work the touches out, read their rows.
    expect(rests()).toBeGreaterThanOrEqual(4 * (slices - 1));
    const key = transactionRow(transactions[3]!.id);
    const [row] = await store.getMany([key]);
    await store.write([[key, null]], { sync: false });
    expect(await new Scrub(ledger).step()).toBe(false);
    expect([ledger.mender.mended, await store.getMany([key])]).toEqual([1, [row]]);
  });

  test('rests on its way into the mempool', async () => {
    const { ledger, sign, rests } = await world();
    const { errors } = await new Admission(ledger, new Mempool(ledger.params)).admit(sign(OUTPUTS_MAX, 0));
    expect(errors.every((error) => error === null)).toBe(true);
    expect(rests()).toBeGreaterThanOrEqual(2);
  });

  test('needs no rest if its transfers are narrow', async () => {
    const { ledger, sign, rests } = await world();
    await connectBlock(ledger, await makeBlock(ledger, sign(1, 0)));
    expect(rests()).toBe(0);
  });
});
