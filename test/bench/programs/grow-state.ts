/**
 * Owns a data folder whose state has many accounts, and blocks to connect on it: `grow-state FOLDER ACCOUNTS BLOCKS`.
 * The accounts are made as users would make them, by transfers of 255 outputs in full blocks. Writes `genesis.json`,
 * `db/`, `chain/`, and `blocks`: each of 1,000 transfers from 1,000 senders to accounts anywhere in the state.
 */

import { createHash } from 'node:crypto';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUTPUTS_MAX, type Output } from '../../../chain/format/transaction.ts';
import { BLOCK_FOLDER } from '../../../node/disk/folders.ts';
import { openLevelStore } from '../../../node/level-store.ts';
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

const TRANSFERS = 1_000;
/** Of the largest transfer, in a block of 1 MiB. */
const TRANSFERS_A_BLOCK = 140;
const AMOUNT = 1_000;

const [dir = '', accountsText = '', blocksText = ''] = process.argv.slice(2);
const accounts = Number(accountsText);
const people = makePeople(TRANSFERS);
const growing = Math.ceil(accounts / (TRANSFERS_A_BLOCK * OUTPUTS_MAX));
const genesis = easyGenesis({ funded: people, age: growing + Number(blocksText) });
const params = paramsOf(genesis);
writeFileSync(join(dir, 'genesis.json'), JSON.stringify(genesis));
await growState();
// As after a restart: what the last block left in the log is in tables, not in memory.
await (await openLevelStore(dir)).store.close();
// The pages that making the blocks brings into LevelDB's files must not be there when they are connected.
for (const name of ['db', BLOCK_FOLDER])
  cpSync(join(dir, name), join(dir, 'copy', name), { recursive: true });
await makeBlocks();

async function growState(): Promise<void> {
  const { store } = await openLevelStore(dir);
  const ledger = await openLedger(params, store, dir);
  let made = people.length;
  for (let turn = 0; made < accounts; ) {
    const encoded: Uint8Array[] = [];
    for (let i = 0; i < TRANSFERS_A_BLOCK && made < accounts; i++) {
      const count = Math.min(OUTPUTS_MAX, accounts - made);
      const outputs = Array.from({ length: count }, (_, k) => ({ to: addressAt(made + k), amount: AMOUNT }));
      encoded.push(signTransfer(params, ledger.chainId, people[turn++ % people.length]!, outputs));
      made += count;
    }
    await extend(ledger, encoded);
  }
  await ledger.close();
  await store.close();
}

async function makeBlocks(): Promise<void> {
  const { store } = await openLevelStore(join(dir, 'copy'));
  const ledger = await openLedger(params, store, join(dir, 'copy'));
  const blocks: MadeBlock[] = [];
  for (let n = 0; n < Number(blocksText); n++) {
    const encoded = people.map((person, i) => {
      const outputs: Output[] = [{ to: addressAt(pick(`${n} ${i}`)), amount: 1 }];
      return signTransfer(params, ledger.chainId, person, outputs);
    });
    blocks.push(await extend(ledger, encoded));
  }
  await ledger.close();
  await store.close();
  writeBlocks(join(dir, 'blocks'), blocks);
}

/** Address of the account made in that place; the first are the people's. */
function addressAt(place: number): Uint8Array {
  const person = people[place];
  return person === undefined ? new Uint8Array(digest(`account ${place}`).subarray(0, 20)) : person.address;
}

/** A place anywhere in the state, the same every time. */
function pick(name: string): number {
  return digest(name).readUInt32BE() % accounts;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
