/**
 * Owns what the benchmarks are run on: a ledger with the default network's limits and work that takes two hashes, people
 * with keys, transfers they signed, and a maker of blocks that keeps the ledger's own time, so that nothing waits.
 */

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { join } from 'node:path';
import { bitsOf } from '../../chain/consensus/difficulty.ts';
import { meetsTarget } from '../../chain/consensus/header-rules.ts';
import { addressOf, authKeyOf, formatAddress } from '../../chain/format/address.ts';
import { formatPlanks } from '../../chain/format/amount.ts';
import { concat } from '../../chain/format/bytes.ts';
import { encodeHeader, type Header, headerIdOfBytes } from '../../chain/format/header.ts';
import { type Params, parseParams } from '../../chain/format/params.ts';
import {
  type Body,
  decodeTransaction,
  encodeUnsigned,
  type Output,
  SCHEME_ED25519,
  signingPayload,
  type Transaction,
} from '../../chain/format/transaction.ts';
import { Ledger } from '../../chain/ledger/ledger.ts';
import type { Store } from '../../chain/ledger/ports.ts';
import { buildTemplate } from '../../chain/ledger/template.ts';
import defaults from '../../genesis.json' with { type: 'json' };
import { BLOCK_FOLDER } from '../../node/disk/folders.ts';
import { NodeFiles } from '../../node/disk/node-files.ts';
import { ThreadPoolVerifier } from '../../node/verifier.ts';

/** What a funded account begins with: enough for any benchmark. */
const FUNDS = 1_000_000_000_000;
/** RFC 8410: what stands before the 32 bytes of an Ed25519 seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const NO_MEMO = new Uint8Array(0);

/** Someone with a key. `nonce` is that of the next transfer it signs. */
export interface Person {
  readonly address: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly key: KeyObject;
  nonce: number;
}

/** The same people every time, so that one process can prepare what another measures. */
export function makePeople(count: number): Person[] {
  return Array.from({ length: count }, (_, i) => {
    const seed = createHash('sha256').update(`person ${i}`).digest();
    const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
    const { x } = createPublicKey(key).export({ format: 'jwk' });
    const publicKey = new Uint8Array(Buffer.from(x!, 'base64url'));
    return { address: addressOf(authKeyOf(SCHEME_ED25519, publicKey)), publicKey, key, nonce: 0 };
  });
}

export interface GenesisWish {
  readonly funded: readonly Person[];
  /** Hashes of a block on average; two if left out. */
  readonly work?: number;
  /** Spacings since the genesis: so many blocks can be made on its schedule and none is in the future. */
  readonly age?: number;
}

/** The `genesis.json` of the default network with its limits, but easy, of its own age, and funding these people. */
export function easyGenesis({ funded, work = 2, age = 0 }: GenesisWish): object {
  const { targetMs } = defaults.difficulty;
  const bits = bitsOf(2n ** 256n / BigInt(work) - 1n)
    .toString(16)
    .padStart(8, '0');
  return {
    ...defaults,
    name: 'bench',
    time: Date.now() - (age + 1) * targetMs,
    difficulty: { ...defaults.difficulty, bits, floorBits: bits },
    allocations: funded.map(({ address }) => ({
      address: formatAddress(address),
      amount: formatPlanks(FUNDS),
    })),
  };
}

export const paramsOf = (genesis: object): Params => parseParams(genesis);

/** A ledger with the engine's own parts of Node. */
export function openLedger(params: Params, store: Store, dir: string): Promise<Ledger> {
  return Ledger.open({
    params,
    store,
    files: new NodeFiles(join(dir, BLOCK_FOLDER)),
    verifier: new ThreadPoolVerifier(),
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  });
}

/** The bytes of a transfer, signed, at the least fee. */
export function signTransfer(
  params: Params,
  chainId: Uint8Array,
  from: Person,
  outputs: Output[],
): Uint8Array {
  return signBody(params, chainId, from, { TAG: 'transfer', data: { outputs, memo: NO_MEMO } });
}

/** The bytes of a transaction, signed, at the least fee. */
export function signBody(params: Params, chainId: Uint8Array, from: Person, body: Body): Uint8Array {
  const fields = {
    version: 1,
    sender: from.address,
    scheme: SCHEME_ED25519,
    publicKey: from.publicKey,
    nonce: from.nonce++,
    validUntil: 2 ** 32 - 1,
    body,
  } as const;
  // Fields have fixed widths, so the fee doesn't change the length that sets it.
  const bytes = encodeUnsigned({ ...fields, fee: 0 }).length + 64;
  const unsigned = encodeUnsigned({ ...fields, fee: bytes * params.prices.feePerByte });
  return concat(unsigned, new Uint8Array(sign(null, signingPayload(chainId, unsigned), from.key)));
}

/** `count` transfers of one plank, each person's turn after the other's, each to the next person. */
export function signRound(
  params: Params,
  chainId: Uint8Array,
  people: readonly Person[],
  count: number,
): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const to = people[(i + 1) % people.length]!.address;
    return signTransfer(params, chainId, people[i % people.length]!, [{ to, amount: 1 }]);
  });
}

export interface MadeBlock {
  readonly header: Header;
  readonly transactions: readonly Transaction[];
}

/** Makes the next block, one spacing after the last, with all the transactions; the ledger doesn't move. */
export async function makeBlock(ledger: Ledger, candidates: readonly Transaction[]): Promise<MadeBlock> {
  const { header, transactions, refused } = await buildTemplate(ledger, {
    candidates,
    miner: new Uint8Array(20).fill(7),
    wallMs: ledger.tip.header.time + ledger.params.difficulty.targetMs,
  });
  if (transactions.length !== candidates.length) {
    throw new Error(`${transactions.length} of ${candidates.length} fit: ${refused[0]?.error.message}`);
  }
  return { header: mine(header), transactions };
}

/** Connects the block on the tip. */
export async function connectBlock(ledger: Ledger, { header, transactions }: MadeBlock): Promise<void> {
  const node = ledger.headers.add(header, Date.now());
  ledger.addBody(node, transactions);
  await ledger.advance();
  if (ledger.tip !== node) throw new Error(`block ${node.height} was refused`);
}

/** Makes a block of encoded transactions and connects it. */
export async function extend(ledger: Ledger, encoded: readonly Uint8Array[]): Promise<MadeBlock> {
  const block = await makeBlock(ledger, encoded.map(decodeTransaction));
  await connectBlock(ledger, block);
  return block;
}

function mine(header: Header): Header {
  for (let nonce = 0; ; nonce++) {
    const tried = { ...header, nonce };
    if (meetsTarget(headerIdOfBytes(encodeHeader(tried)), header.bits)) return tried;
  }
}
