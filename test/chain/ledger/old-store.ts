/** Owns stores as version 4 of the key table left them: blocks are rows. */
import { encodeBody } from '../../../chain/format/block.ts';
import { fromHex, u32 } from '../../../chain/format/bytes.ts';
import { encodeHeader } from '../../../chain/format/header.ts';
import type { StoreWrite } from '../../../chain/ledger/ports.ts';
import { META, oldBodyRow, oldHeaderRow } from '../../../chain/ledger/store-keys.ts';
import type { ChainBuilder } from '../builder.ts';
import { FaultyStore } from './faulty-store.ts';

/** The rows that version 4 had besides for these blocks, and its version. */
export function oldRows(chain: ChainBuilder, names: readonly string[], version = 4): StoreWrite[] {
  return [
    ...names.flatMap((name): StoreWrite[] => {
      const { id, header, transactions } = chain.get(name);
      return [
        [oldHeaderRow(fromHex(id)), encodeHeader(header)],
        [oldBodyRow(fromHex(id)), encodeBody(transactions)],
      ];
    }),
    [META.format, u32(version)],
  ];
}

/** A store of today as version 4 would have left it. */
export async function oldStore(
  batches: readonly (readonly StoreWrite[])[],
  chain: ChainBuilder,
  names: readonly string[],
): Promise<FaultyStore> {
  return FaultyStore.after([...batches, oldRows(chain, names)]);
}
