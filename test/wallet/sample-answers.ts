/** One good answer of each query, as a node writes it. */
import { formatAddress } from '../../chain/format/address.ts';
import { toHex } from '../../chain/format/bytes.ts';

/** 32 equal bytes in hex. */
export const id = (byte: number): string => toHex(new Uint8Array(32).fill(byte));
export const alice = formatAddress(new Uint8Array(20).fill(1));
export const bob = formatAddress(new Uint8Array(20).fill(2));
export const tip = { height: 7, id: id(7) };

const summary = {
  id: id(3),
  kind: 'transfer',
  sender: alice,
  nonce: 4,
  fee: '250',
  validUntil: 100,
  bytes: 180,
  outputs: [{ to: bob, amount: '1000000' }],
  memo: 'hello',
};

export const RESULTS: Record<string, Record<string, unknown>> = {
  status: {
    chainId: id(1),
    name: 'testnet',
    version: '0.1.0',
    node: id(2),
    height: 7,
    tip: id(7),
    stateRoot: id(8),
    work: '340282366920938463463374607431768211456',
    time: 1_700_000_000_000,
    peers: 4,
    mempool: 0,
    supply: '9007199254740991',
    headers: 9,
    syncing: false,
    mining: { address: alice, hashrate: 1234.5 },
    listen: null,
  },
  account: {
    address: alice,
    exists: true,
    balance: '100',
    nonce: 4,
    nextNonce: 5,
    deposits: '0',
    authKey: null,
    locked: false,
    rotatedAt: 0,
    recovery: null,
    history: { hash: id(5), count: 2 },
    tip,
  },
  history: {
    items: [
      {
        id: id(3),
        height: 6,
        block: id(6),
        index: 0,
        time: 5,
        kind: 'transfer',
        from: alice,
        to: bob,
        amount: '-1000250',
        fee: '250',
      },
    ],
    next: 'cursor',
    tip,
  },
  block: {
    id: id(6),
    height: 6,
    previous: id(5),
    time: 1,
    elapsed: 1,
    bits: '1f00ffff',
    work: '100',
    miner: alice,
    nonce: 1,
    historyRoot: id(1),
    txRoot: id(2),
    stateRoot: id(3),
    active: true,
    confirmations: 2,
    transactions: [summary],
    size: 400,
    tip,
  },
  transaction: {
    id: id(3),
    status: 'mined',
    confirmations: 2,
    block: { height: 6, id: id(6), index: 0 },
    transaction: summary,
    raw: '00ff',
    tip,
  },
  mempool: { count: 1, bytes: 180, minFeePerByte: '1', transactions: [summary], tip },
  fee: { perByte: '1', floorPerByte: '2', tip },
  peers: {
    peers: [
      {
        node: id(2),
        address: 'ws://127.0.0.1:1',
        direction: 'out',
        height: 7,
        work: '5',
        connectedMs: 1.5,
        pingMs: null,
        agent: 'pier',
        bytesIn: 1,
        bytesOut: 2,
      },
    ],
    tip,
  },
  forks: {
    tips: [{ height: 7, id: id(7), work: '9', status: 'active', forkHeight: 7, length: 0 }],
    reorgs: [{ at: 1, from: id(1), to: id(2), depth: 1, connected: 2, forkHeight: 3 }],
    tip,
  },
  params: { chainId: id(1), genesis: { name: 'testnet', salt: id(0) } },
};
