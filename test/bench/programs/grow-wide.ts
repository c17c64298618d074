/**
 * Owns a data folder with many accounts and the slowest blocks we know to connect on it: `grow-wide FOLDER ACCOUNTS`.
 * A block is filled with transfers of 255 outputs, so that each 28 bytes touch an account of their own. Writes
 * `genesis.json`, the store, and the files `existing` and `new`: blocks that pay accounts that exist, and accounts that
 * don't.
 */
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUTPUTS_MAX } from '../../../chain/format/transaction.ts';
import { BLOCK_FOLDER } from '../../../node/disk/folders.ts';
import { openLevelStore } from '../../../node/level-store.ts';
import { accountAddress } from '../accounts.ts';
import { writeBlocks } from '../block-file.ts';
import {
  easyGenesis,
  extend,
  type MadeBlock,
  makePeople,
  openLedger,
  paramsOf,
  signTransfer,
} from '../workload.ts';

/** Transfers of 255 outputs that fill a block of 1 MiB. */
const TRANSFERS = 143;
const BLOCKS = 5;
const AMOUNT = 1_000;

const [dir = '', accountsText = ''] = process.argv.slice(2);
const accounts = Number(accountsText);
const people = makePeople(TRANSFERS);
const growing = Math.ceil(accounts / (TRANSFERS * OUTPUTS_MAX));
const genesis = easyGenesis({ funded: people, age: growing + BLOCKS });
const params = paramsOf(genesis);
writeFileSync(join(dir, 'genesis.json'), JSON.stringify(genesis));
await extendStore(dir, growing, (block) => block * TRANSFERS * OUTPUTS_MAX);
// As after a restart: what the last block left in the log is in tables, not in memory.
await (await openLevelStore(dir)).store.close();
await makeBlocks('existing', (place) => (place * 7_919) % accounts);
await makeBlocks('new', (place) => accounts + TRANSFERS * OUTPUTS_MAX + place);

/** Blocks whose outputs go to the accounts from `first(block)` on. */
async function extendStore(
  folder: string,
  count: number,
  first: (block: number) => number,
  place = (output: number) => output,
): Promise<MadeBlock[]> {
  const { store } = await openLevelStore(folder);
  const ledger = await openLedger(params, store, folder);
  const blocks: MadeBlock[] = [];
  for (let block = 0; block < count; block++) {
    const encoded = people.map((person, i) => {
      const from = first(block) + i * OUTPUTS_MAX;
      const outputs = Array.from({ length: OUTPUTS_MAX }, (_, k) => ({
        to: accountAddress(place(from + k)),
        amount: AMOUNT,
      }));
      return signTransfer(params, ledger.chainId, person, outputs);
    });
    blocks.push(await extend(ledger, encoded));
  }
  await ledger.close();
  await store.close();
  return blocks;
}

async function makeBlocks(name: string, place: (output: number) => number): Promise<void> {
  const copy = join(dir, 'copy');
  for (const part of ['db', BLOCK_FOLDER]) cpSync(join(dir, part), join(copy, part), { recursive: true });
  const nonces = people.map(({ nonce }) => nonce);
  writeBlocks(
    join(dir, name),
    await extendStore(copy, BLOCKS, (block) => block * TRANSFERS * OUTPUTS_MAX, place),
  );
  people.forEach((person, i) => {
    person.nonce = nonces[i]!;
  });
  rmSync(copy, { recursive: true });
}
