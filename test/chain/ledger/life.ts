/** Owns a ledger opened on a store of the test's, that is told of a drawn chain as by peers, and opened again if damaged. */
import { CorruptStoreError } from '../../../chain/errors.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import type { Params } from '../../../chain/format/params.ts';
import { Ledger, type TipChange } from '../../../chain/ledger/ledger.ts';
import type { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import type { Store, Verifier } from '../../../chain/ledger/ports.ts';
import { ChainBuilder } from '../builder.ts';
import { rememberingVerifier } from '../model/signatures.ts';

/** All keys begin below it. */
const END = new Uint8Array(1).fill(0xff);

export function openLedger(
  store: Store,
  {
    params = new ChainBuilder().params,
    verifier = rememberingVerifier,
    onRebuild = () => {},
  }: { params?: Params; verifier?: Verifier; onRebuild?: (reason: string) => void } = {},
): Promise<Ledger> {
  return Ledger.open({ params, store, verifier, pause: () => Promise.resolve(), onRebuild });
}

/** Gives a ledger blocks that it lacks, headers first, and goes as far as it can. */
export async function feed(
  ledger: Ledger,
  chain: ChainBuilder,
  names: readonly string[],
): Promise<TipChange[]> {
  for (const name of names) {
    const { header, transactions } = chain.get(name);
    const node = ledger.headers.add(header, header.time);
    ledger.addBody(node, transactions);
  }
  return settle(ledger);
}

export async function settle(ledger: Ledger): Promise<TipChange[]> {
  const changes: TipChange[] = [];
  for (;;) {
    const change = await ledger.advance();
    if (change === null) return changes;
    changes.push(change);
  }
}

/** Does some work on the ledger of a store, which is opened again to be rebuilt for as long as it is found damaged. */
export async function whileDamaged(store: Store, work: (ledger: Ledger) => Promise<void>): Promise<Ledger> {
  for (let tries = 0; tries < 3; tries++) {
    const ledger = await openLedger(store);
    try {
      await work(ledger);
      return ledger;
    } catch (error) {
      if (!(error instanceof CorruptStoreError)) throw error;
      await ledger.requestRebuild();
    }
  }
  throw new Error('a rebuilt ledger is damaged again');
}

/** Rows of a store in hex, damaged or not, but for those whose first letter is left out. */
export async function rowsOf(store: MemoryStore, leaveOut = ''): Promise<Map<string, string>> {
  const rows = await store.copy().iterate({ from: new Uint8Array(0), to: END, limit: 1_000_000 });
  const kept = rows.filter(([key]) => !leaveOut.includes(String.fromCharCode(key[0]!)));
  return new Map(kept.map(([key, value]) => [toHex(key), toHex(value)]));
}
