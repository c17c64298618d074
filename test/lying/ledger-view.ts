/** Owns a node's RPC over a real ledger in memory: what an honest node answers, without sockets, miners or peers. */

import { formatAddress } from '../../chain/format/address.ts';
import { toHex } from '../../chain/format/bytes.ts';
import { parseParams } from '../../chain/format/params.ts';
import { EarlierState } from '../../chain/ledger/earlier-state.ts';
import type { Ledger } from '../../chain/ledger/ledger.ts';
import { getMined } from '../../chain/ledger/mined.ts';
import { prove } from '../../chain/ledger/proofs.ts';
import { getAccounts, getRecord, getTotals } from '../../chain/ledger/queries.ts';
import { getRecordHistory, getRecordsOf } from '../../chain/ledger/record-queries.ts';
import type { NodeView } from '../../node/rpc/view.ts';
import { addressFor } from '../chain/actors.ts';
import { FakeView } from '../node/rpc/fake-view.ts';

/** A ledger on which a block takes about two hashes. */
export const GENESIS = {
  name: 'lies',
  salt: '11'.repeat(32),
  time: 1_700_000_000_000,
  limits: { blockBytes: 16_384, blockSignatures: 16, futureMs: 2_000 },
  difficulty: { bits: '207fffff', floorBits: '207fffff', targetMs: 1_000, halfLifeMs: 10_000 },
  reward: { initial: '50000000', halvingBlocks: 100, maturity: 5 },
  prices: { feePerByte: '2', accountSurcharge: '1000', depositPerByte: '3', depositPerEntry: '500' },
  allocations: ['alice', 'bob', 'carol'].map((name) => ({
    address: formatAddress(addressFor(name)),
    amount: '1000000000',
  })),
  activations: [],
};
export const PARAMS = parseParams(GENESIS);

export function viewOf(ledger: Ledger, genesis: unknown = GENESIS): NodeView {
  const earlier = new EarlierState(ledger);
  return {
    ...new FakeView(),
    params: ledger.params,
    chainId: ledger.chainId,
    genesis,
    mining: null,
    get tip() {
      return ledger.tip;
    },
    get bestHeader() {
      return ledger.tip;
    },
    totals: () => getTotals(ledger),
    findBlock: (at) => ('id' in at ? ledger.headers.get(toHex(at.id)) : ledger.activeAt(at.height)) ?? null,
    isActive: (node) => ledger.isActive(node),
    transactionsOf: (node) => (node.height === 0 ? Promise.resolve([]) : ledger.readTransactions(node)),
    account: async (address) => {
      const { tip, value } = await getAccounts(ledger, [address]);
      return { tip, value: value[0]! };
    },
    queueOf: () => [],
    record: (id) => getRecord(ledger, id),
    recordsOf: (owner, limit, after) => getRecordsOf(ledger, owner, limit, after),
    recordHistory: (id, limit, before) => getRecordHistory(ledger, id, limit, before),
    prove: (subject) => prove(ledger, subject),
    proveState: (block, refs) => earlier.prove(block, refs),
    mined: (id) => getMined(ledger, id),
    unmined: () => ({ status: 'unknown' }),
  };
}
