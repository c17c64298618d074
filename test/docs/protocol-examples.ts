/**
 * Owns the worked examples of docs/PROTOCOL.md: a ledger of three accounts and one block, made with the code. All that
 * an example shows is hex, or text where the document says so.
 */
import { asert, bitsOf, nextBits, nextElapsed, targetOf, workOf } from '../../chain/consensus/difficulty.ts';
import { appendHistory, EMPTY_HISTORY, historyRoot, type Peaks } from '../../chain/consensus/history.ts';
import { encodeHistoryProof, nodesFromLeaves, proveHistory } from '../../chain/consensus/history-proof.ts';
import { publicKeyOf, sign } from '../../chain/crypto/ed25519.ts';
import { addressOf, authKeyOf, formatAddress } from '../../chain/format/address.ts';
import { encodeBody } from '../../chain/format/block.ts';
import { toHex, u32 } from '../../chain/format/bytes.ts';
import { encode, u48 } from '../../chain/format/codec.ts';
import { DOMAIN, hash } from '../../chain/format/hash.ts';
import { encodeHeader, type Header, headerId } from '../../chain/format/header.ts';
import { encodeTxProof, proveTx, txRoot } from '../../chain/format/merkle.ts';
import { encodeParams, type Params, parseParams } from '../../chain/format/params.ts';
import { piecesRoot } from '../../chain/format/pieces.ts';
import {
  assembleTransaction,
  type Body,
  encodeUnsigned,
  possessionPayload,
  recordId,
  signingPayload,
  type Transaction,
} from '../../chain/format/transaction.ts';
import { makeGenesis } from '../../chain/ledger/genesis.ts';
import { getMined } from '../../chain/ledger/mined.ts';
import { proveEntry } from '../../chain/ledger/queries.ts';
import { getEntries } from '../../chain/ledger/tip-view.ts';
import { accountRef, pendingRef, recordRef, TOTALS } from '../../chain/state/entries.ts';
import { encodeMessage } from '../../p2p/messages.ts';
import { shortId, shortIdKey } from '../../p2p/relay/short-ids.ts';
import { mine } from '../chain/builder.ts';
import { Harness } from '../chain/ledger/harness.ts';
import { executeBlock, genesisState } from '../chain/model/execute.ts';
import { bytesOf, hexOf } from '../chain/model/hex.ts';
import { stateRootOf } from '../chain/model/state.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** Whose seed is that byte, 32 times. */
function person(byte: number): {
  seed: Uint8Array;
  publicKey: Uint8Array;
  authKey: Uint8Array;
  address: Uint8Array;
} {
  const seed = new Uint8Array(32).fill(byte);
  const publicKey = publicKeyOf(seed);
  const authKey = authKeyOf(1, publicKey);
  return { seed, publicKey, authKey, address: addressOf(authKey) };
}

const alice = person(1);
const bob = person(2);
const next = person(3);

/** Every example by the name its block in the document has. `genesisJson` is the document's own. */
export async function protocolExamples(genesisJson: unknown): Promise<Record<string, string>> {
  const params = parseParams(genesisJson);
  const genesis = (await makeGenesis(params)).header;
  const chainId = headerId(genesis);
  const sent = transactions(chainId);
  const list = Object.values(sent);
  const header = firstBlock(params, genesis, [sent.transfer, sent.put, sent.setRecovery]);
  const real = await Harness.open(params);
  const code =
    real.addHeader(header, header.time) ??
    real.addBody(toHex(headerId(header)), [sent.transfer, sent.put, sent.setRecovery]);
  const found = await real.settle();
  if (code !== null || found.size > 0) throw new Error('the example block is not valid');
  return hexAll({
    'alice seed': alice.seed,
    'alice public key': alice.publicKey,
    'alice authKey': alice.authKey,
    'alice address': alice.address,
    'alice address text': formatAddress(alice.address),
    'bob address text': formatAddress(bob.address),
    params: encodeParams(params),
    'genesis header': encodeHeader(genesis),
    'chain id': chainId,
    'transfer payload': signingPayload(chainId, sent.transfer.bytes.subarray(0, -64)),
    ...Object.fromEntries(Object.entries(sent).map(([kind, tx]) => [kind, tx.bytes])),
    'transfer id': sent.transfer.id,
    'rotate possession': possession(chainId, alice.address, 3, alice.address),
    'record id': recordId(alice.address, ascii('notes')),
    'pieces root of 16385 bytes': piecesRoot(new Uint8Array(16_385).fill(0x61)),
    'block header': encodeHeader(header),
    'block id': headerId(header),
    'block body': encodeBody([sent.transfer, sent.put, sent.setRecovery]),
    'tx root of none': txRoot([]),
    'tx root of three': txRoot([sent.transfer.id, sent.put.id, sent.setRecovery.id]),
    'tx proof': encodeTxProof(proveTx([sent.transfer.id, sent.put.id, sent.setRecovery.id], 1)),
    ...historyExamples(list.map(({ id }) => id)),
    ...(await stateExamples(real, params)),
    'mined at': await minedAt(real, sent.put.id),
    ...difficultyExamples(params),
    ...wireExamples(chainId, headerId(header), sent.transfer.id),
  });
}

function transactions(chainId: Uint8Array): Record<Body['TAG'], Transaction> {
  let nonce = 0;
  const send = (body: Body): Transaction => {
    const fields = {
      version: 1,
      sender: alice.address,
      scheme: 1,
      publicKey: alice.publicKey,
      nonce: nonce++,
      fee: 1_000,
      validUntil: 100,
      body,
    };
    const bytes = encodeUnsigned(fields);
    return assembleTransaction(bytes, sign(alice.seed, signingPayload(chainId, bytes)));
  };
  const record = recordId(alice.address, ascii('notes'));
  const content = ascii('hello');
  const newKey = (target: Uint8Array): { scheme: number; publicKey: Uint8Array; proof: Uint8Array } => ({
    scheme: 1,
    publicKey: next.publicKey,
    proof: sign(next.seed, possession(chainId, alice.address, nonce, target)),
  });
  return {
    transfer: send({
      TAG: 'transfer',
      data: { outputs: [{ to: bob.address, amount: 2_500_000 }], memo: ascii('tea') },
    }),
    put: send({
      TAG: 'put',
      data: {
        creator: alice.address,
        name: ascii('notes'),
        root: piecesRoot(content),
        size: content.length,
        mediaType: ascii('text/plain'),
        inline: content,
      },
    }),
    setRecovery: send({ TAG: 'setRecovery', data: { recovery: { account: bob.address, delay: 100 } } }),
    rotate: send({ TAG: 'rotate', data: newKey(alice.address) }),
    give: send({ TAG: 'give', data: { record, to: bob.address } }),
    drop: send({ TAG: 'drop', data: { record } }),
    recover: send({ TAG: 'recover', data: { target: bob.address, ...newKey(bob.address) } }),
    veto: send({ TAG: 'veto', data: { target: alice.address } }),
    claim: send({ TAG: 'claim', data: { target: bob.address } }),
    revoke: send({ TAG: 'revoke', data: {} }),
  };
}

const possession = (chainId: Uint8Array, sender: Uint8Array, nonce: number, target: Uint8Array): Uint8Array =>
  possessionPayload(chainId, sender, nonce, target, 1, next.publicKey);

/** The state root is the naive model's: that the ledger takes the block shows that both agree. */
function firstBlock(params: Params, genesis: Header, body: Transaction[]): Header {
  const id = headerId(genesis);
  const time = genesis.time + 1_500;
  const state = executeBlock(params, genesisState(params), {
    height: 1,
    miner: hexOf(bob.address),
    transactions: body,
  });
  return mine(
    {
      version: 1,
      height: 1,
      previous: id,
      historyRoot: historyRoot(appendHistory(EMPTY_HISTORY, { id, work: workOf(genesis.bits) })),
      txRoot: txRoot(body.map((tx) => tx.id)),
      stateRoot: bytesOf(stateRootOf(state)),
      time,
      elapsed: nextElapsed(params.difficulty, genesis, time),
      bits: nextBits({ ...params.difficulty, genesisBits: params.difficulty.bits }, genesis),
      miner: bob.address,
      nonce: 0,
    },
    'reach',
  );
}

/** Leaves with the ids of the example transactions, as if they were headers, and work 1, 2, 3… */
function historyExamples(ids: Uint8Array[]): Record<string, Uint8Array> {
  const leaves = ids.slice(0, 7).map((id, i) => ({ id, work: BigInt(i + 1) }));
  const roots: Record<string, Uint8Array> = { 'history root of 0': historyRoot(EMPTY_HISTORY) };
  let peaks: Peaks = EMPTY_HISTORY;
  for (const [i, leaf] of leaves.entries()) {
    peaks = appendHistory(peaks, leaf);
    if ([1, 2, 3, 7].includes(i + 1)) roots[`history root of ${i + 1}`] = historyRoot(peaks);
  }
  const nodes = nodesFromLeaves((height) => leaves[height]!);
  roots['history proof'] = encodeHistoryProof(proveHistory(nodes, 7, 4));
  return roots;
}

async function stateExamples({ ledger }: Harness, params: Params): Promise<Record<string, Uint8Array>> {
  const record = recordId(alice.address, ascii('notes'));
  const refs = [accountRef(alice.address), recordRef(record), TOTALS, pendingRef(1, params.reward.maturity)];
  const { value } = await getEntries(ledger, refs);
  const [account, stored, totals, pending] = value;
  const present = await proveEntry(ledger, refs[0]!);
  const absent = await proveEntry(ledger, accountRef(new Uint8Array(20)));
  const valueHash = hash(DOMAIN.stateValue, account!);
  return {
    'account key': refs[0]!.key,
    account: account!,
    'account value hash': valueHash,
    'account leaf hash': hash(DOMAIN.stateLeaf, refs[0]!.key, valueHash),
    'record key': refs[1]!.key,
    record: stored!,
    'totals key': refs[2]!.key,
    totals: totals!,
    'pending key': refs[3]!.key,
    pending: pending!,
    'account proof': present.value.proof,
    'absence key': accountRef(new Uint8Array(20)).key,
    'absence proof': absent.value.proof,
  };
}

async function minedAt({ ledger }: Harness, id: Uint8Array): Promise<string> {
  const { value } = await getMined(ledger, id);
  return `height ${value!.block.height}, index ${value!.index}`;
}

function wireExamples(
  chainId: Uint8Array,
  blockId: Uint8Array,
  transactionId: Uint8Array,
): Record<string, Uint8Array> {
  const [nonce, listenerNonce] = [new Uint8Array(32).fill(0x11), new Uint8Array(32).fill(0x22)];
  const hello = encodeMessage('hello', {
    version: 1,
    chainId,
    nodeId: bob.publicKey,
    nonce,
    work: 512n,
    height: 1,
    capabilities: 0,
    listen: ascii('ws://127.0.0.1:4000'),
    agent: ascii('pier/0.1.0'),
  });
  return {
    'hello frame': hello,
    'ping frame': encodeMessage('ping', { nonce: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }),
    'short id': encode(u48, shortId(shortIdKey(nonce, listenerNonce, blockId), transactionId)),
  };
}

/** bits of a child, from a parent's height and elapsed time; and the compact form of some targets. */
function difficultyExamples(params: Params): Record<string, string> {
  const { bits, floorBits, targetMs, halfLifeMs } = params.difficulty;
  const lines = [
    [0, 0],
    [1, 1_500],
    [10, 0],
    [100, 100_000],
    [100, 40_000],
    [1_000, 10_000],
    [3, 9_999_999],
  ].map(([height, elapsed]) => {
    const child = nextBits(
      { genesisBits: bits, floorBits, targetMs, halfLifeMs },
      { height: height!, elapsed: elapsed! },
    );
    return `height ${height}, elapsed ${elapsed}: ${toHex(u32(child))}`;
  });
  // The aserti3-2d vectors' own parameters: 10 minutes, half-life of 2 days, in seconds.
  const published = asert({
    anchorBits: 0x1802aee8,
    floorBits: 0x1d00ffff,
    targetMs: 600,
    halfLifeMs: 172_800,
    timeDelta: 600 * 11 + 86_400,
    heightDelta: 10,
  });
  const compact = [0x207fffff, 0x1d00ffff, 0x03123456, 0x01010000].map((value) => {
    const target = targetOf(value);
    if (bitsOf(target) !== value) throw new Error('bits round-trip');
    return `${toHex(u32(value))}: target 0x${target.toString(16)}, work ${workOf(value)}`;
  });
  return {
    'next bits': lines.join('\n'),
    'half a half-life late': toHex(u32(published)),
    'compact targets': compact.join('\n'),
  };
}

function hexAll(values: Record<string, Uint8Array | string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? value : toHex(value)]),
  );
}
