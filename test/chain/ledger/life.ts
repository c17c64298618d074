/** Owns a ledger opened on a store of the test's, that is told of a drawn chain as by peers, and opened again if damaged. */
import type { HeaderNode } from '../../../chain/consensus/header-tree.ts';
import { CorruptStoreError } from '../../../chain/errors.ts';
import { FRAME_HEAD_BYTES } from '../../../chain/files/frame.ts';
import { MemoryFiles } from '../../../chain/files/memory-files.ts';
import type { Files } from '../../../chain/files/port.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import { HEADER_BYTES } from '../../../chain/format/header.ts';
import type { Params } from '../../../chain/format/params.ts';
import { blockFileName, FILE_BYTES } from '../../../chain/ledger/block-files.ts';
import { Ledger } from '../../../chain/ledger/ledger.ts';
import type { MemoryStore } from '../../../chain/ledger/memory-store.ts';
import type { Store, Verifier } from '../../../chain/ledger/ports.ts';
import { META } from '../../../chain/ledger/store-keys.ts';
import type { TipChange } from '../../../chain/ledger/tip-change.ts';
import { ChainBuilder } from '../builder.ts';
import { rememberingVerifier } from '../model/signatures.ts';
import { FaultyStore } from './faulty-store.ts';

/** All keys begin below it. */
const END = new Uint8Array(1).fill(0xff);

const paired = new WeakMap<Store, MemoryFiles>();

/** The block files that belong to a store: a copy of `from` if they are asked for first, or new ones. */
export function filesOf(store: Store, from?: MemoryFiles): MemoryFiles {
  const files = paired.get(store) ?? from?.copy() ?? new MemoryFiles();
  paired.set(store, files);
  return files;
}

export function openLedger(
  store: Store,
  {
    params = new ChainBuilder().params,
    verifier = rememberingVerifier,
    files = filesOf(store),
    onDamage = () => {},
    onMend = () => {},
    pause = () => Promise.resolve(),
  }: {
    params?: Params;
    verifier?: Verifier;
    files?: Files;
    onDamage?: (damage: string) => void;
    onMend?: (what: string) => void;
    pause?: () => Promise<void>;
  } = {},
): Promise<Ledger> {
  return Ledger.open({ params, store, files, verifier, pause, onDamage, onMend });
}

/** Opens the ledger as a node does: on an empty store if this one is damaged, told why. */
export async function reopen<S extends MemoryStore>(
  store: S,
  onRebuild: (reason: string) => void = () => {},
  options: Parameters<typeof openLedger>[1] = {},
): Promise<{ ledger: Ledger; store: S | FaultyStore }> {
  try {
    return { ledger: await openLedger(store, options), store };
  } catch (error) {
    if (!(error instanceof CorruptStoreError)) throw error;
    onRebuild(error.message);
    const fresh = await emptied(store);
    return { ledger: await openLedger(fresh, options), store: fresh };
  }
}

/** An empty store with the same files. */
export async function emptied(store: MemoryStore): Promise<FaultyStore> {
  const fresh = new FaultyStore();
  paired.set(fresh, filesOf(store));
  return fresh;
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

/** Does some work on the ledger of a store, which is made again for as long as it is found damaged. Returns the store at last. */
export async function whileDamaged(
  store: FaultyStore,
  work: (ledger: Ledger) => Promise<void>,
): Promise<FaultyStore> {
  let current = store;
  for (let tries = 0; tries < 3; tries++) {
    const opened = await reopen(current);
    try {
      await work(opened.ledger);
      return opened.store;
    } catch (error) {
      if (!(error instanceof CorruptStoreError)) throw error;
      current = await emptied(opened.store);
    }
  }
  throw new Error('a rebuilt ledger is damaged again');
}

/** Damages the stored block of a node, in its body. */
export function hurtBlock(files: MemoryFiles, { place }: HeaderNode): void {
  const file = files.find(blockFileName(Math.floor(place / FILE_BYTES)))!;
  file.flip(((place % FILE_BYTES) + FRAME_HEAD_BYTES + HEADER_BYTES) * 8);
}

/** Rows of a store in hex, damaged or not, but for those whose first letter is left out. */
export async function rowsOf(store: MemoryStore, leaveOut = ''): Promise<Map<string, string>> {
  const rows = await store.copy().iterate({ from: new Uint8Array(0), to: END, limit: 1_000_000 });
  // What a store knows of its journal isn't of the chain.
  const journal = toHex(META.journal);
  const kept = rows.filter(
    ([key]) => !leaveOut.includes(String.fromCharCode(key[0]!)) && toHex(key) !== journal,
  );
  return new Map(kept.map(([key, value]) => [toHex(key), toHex(value)]));
}
