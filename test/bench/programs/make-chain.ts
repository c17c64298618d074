/**
 * Owns a data folder with a chain that another node can fetch: `make-chain FOLDER BLOCKS TRANSFERS`, so many transfers in
 * each block, of 1,000 senders. Writes `genesis.json` and `db/` and `chain/`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLevelStore } from '../../../node/level-store.ts';
import { easyGenesis, extend, makePeople, openLedger, paramsOf, signRound } from '../workload.ts';

const SENDERS = 1_000;

const [dir = '', blocks = '', transfers = ''] = process.argv.slice(2);
const people = makePeople(SENDERS);
const genesis = easyGenesis({ funded: people, age: Number(blocks) });
const params = paramsOf(genesis);
writeFileSync(join(dir, 'genesis.json'), JSON.stringify(genesis));
const { store } = await openLevelStore(dir);
const ledger = await openLedger(params, store, dir);
for (let i = 0; i < Number(blocks); i++) {
  await extend(ledger, signRound(params, ledger.chainId, people, Number(transfers)));
}
await ledger.close();
await store.close();
