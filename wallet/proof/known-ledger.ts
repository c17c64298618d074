/** Owns what a light client must know beforehand: the parameters of one ledger, and the chain id that follows from them. */
import { headerId } from '../../chain/format/header.ts';
import { type Params, parseParams } from '../../chain/format/params.ts';
import { makeGenesis } from '../../chain/ledger/genesis.ts';

export interface KnownLedger {
  readonly params: Params;
  /** Id of the genesis block, 32 bytes, computed here. */
  readonly chainId: Uint8Array;
}

/** The ledger of a parsed `genesis.json`. `RuleError('BAD_GENESIS')` if it isn't one. */
export async function knowLedger(genesis: unknown): Promise<KnownLedger> {
  const params = parseParams(genesis);
  const { header } = await makeGenesis(params);
  return { params, chainId: headerId(header) };
}
