/**
 * Owns the model's state: plain maps by hex, money as bigint, copied whole for every block; and its root, by the
 * recursive definition.
 */
import { counted, type Hex, hash, number, optional, ZEROS } from './hex.ts';

export interface ModelRecovery {
  account: Hex;
  delay: number;
}
export interface ModelAccount {
  balance: bigint;
  nonce: number;
  authKey: Hex | null;
  rotatedAt: number;
  recovery: ModelRecovery | null;
  pendingChange: { recovery: ModelRecovery | null; at: number } | null;
  pendingRecovery: { authKey: Hex; at: number } | null;
  locked: boolean;
  deposits: bigint;
  history: Hex;
  historyCount: number;
}
export interface ModelRecord {
  owner: Hex;
  creator: Hex;
  name: Hex;
  root: Hex;
  size: number;
  mediaType: Hex;
  inline: Hex | null;
  revision: number;
  dropped: boolean;
  deposit: bigint;
  history: Hex;
  historyCount: number;
}
export interface ModelReward {
  height: number;
  miner: Hex;
  reward: bigint;
  fees: bigint;
}
export interface ModelState {
  /** By address. */
  accounts: Map<Hex, ModelAccount>;
  /** By record id. */
  records: Map<Hex, ModelRecord>;
  /** By slot. */
  rewards: Map<number, ModelReward>;
  totals: { issued: bigint; burned: bigint; deposited: bigint; unclaimedFees: bigint };
}

export const newAccount = (height: number): ModelAccount => ({
  balance: 0n,
  nonce: 0,
  authKey: null,
  rotatedAt: height,
  recovery: null,
  pendingChange: null,
  pendingRecovery: null,
  locked: false,
  deposits: 0n,
  history: ZEROS,
  historyCount: 0,
});

/** Every value is copied; what is nested in one is never changed in place. */
export function copyState(state: ModelState): ModelState {
  const copy = <K, V extends object>(map: Map<K, V>): Map<K, V> =>
    new Map([...map].map(([key, value]) => [key, { ...value }]));
  return {
    accounts: copy(state.accounts),
    records: copy(state.records),
    rewards: copy(state.rewards),
    totals: { ...state.totals },
  };
}

const encodeRecovery = (recovery: ModelRecovery | null): Hex =>
  optional(recovery && recovery.account + number(recovery.delay, 4));

export function encodeAccount(account: ModelAccount): Hex {
  const { pendingChange, pendingRecovery } = account;
  return [
    '01',
    number(account.balance, 8),
    number(account.nonce, 8),
    optional(account.authKey),
    number(account.rotatedAt, 4),
    encodeRecovery(account.recovery),
    optional(pendingChange && encodeRecovery(pendingChange.recovery) + number(pendingChange.at, 4)),
    optional(pendingRecovery && pendingRecovery.authKey + number(pendingRecovery.at, 4)),
    account.locked ? '01' : '00',
    number(account.deposits, 8),
    account.history,
    number(account.historyCount, 8),
  ].join('');
}

export function encodeRecord(record: ModelRecord): Hex {
  return [
    '02',
    record.owner,
    record.creator,
    counted(record.name, 1),
    record.root,
    number(record.size, 8),
    counted(record.mediaType, 1),
    optional(record.inline === null ? null : counted(record.inline, 2)),
    number(record.revision, 8),
    record.dropped ? '01' : '00',
    number(record.deposit, 8),
    record.history,
    number(record.historyCount, 8),
  ].join('');
}

export function encodeTotals(totals: ModelState['totals']): Hex {
  const { issued, burned, deposited, unclaimedFees } = totals;
  return `03${[issued, burned, deposited, unclaimedFees].map((planks) => number(planks, 8)).join('')}`;
}

export function encodeReward({ height, miner, reward, fees }: ModelReward): Hex {
  return `04${number(height, 4)}${miner}${number(reward, 8)}${number(fees, 8)}`;
}

/** Every entry of the state tree: key and value. */
export function entriesOf(state: ModelState): [key: Hex, value: Hex][] {
  return [
    ...[...state.accounts].map(([address, account]): [Hex, Hex] => [
      hash('sky', '01', address),
      encodeAccount(account),
    ]),
    ...[...state.records].map(([id, record]): [Hex, Hex] => [hash('sky', '02', id), encodeRecord(record)]),
    [hash('sky', '03'), encodeTotals(state.totals)],
    ...[...state.rewards].map(([slot, reward]): [Hex, Hex] => [
      hash('sky', '04', number(slot, 4)),
      encodeReward(reward),
    ]),
  ];
}

/** Bit `depth` of the key, counted from its first byte's highest. */
function bit(key: Hex, depth: number): 0 | 1 {
  return ((Number.parseInt(key[depth >> 2]!, 16) >> (3 - (depth & 3))) & 1) as 0 | 1;
}

export function rootOfEntries(entries: [key: Hex, value: Hex][], depth = 0): Hex {
  if (entries.length === 0) return ZEROS;
  if (entries.length === 1) return hash('slf', entries[0]![0], hash('svl', entries[0]![1]));
  return hash(
    'sin',
    rootOfEntries(
      entries.filter(([key]) => bit(key, depth) === 0),
      depth + 1,
    ),
    rootOfEntries(
      entries.filter(([key]) => bit(key, depth) === 1),
      depth + 1,
    ),
  );
}

export const stateRootOf = (state: ModelState): Hex => rootOfEntries(entriesOf(state));

/** Throws unless no coin was made or lost, and each deposit is counted where it belongs. */
export function checkSupply(state: ModelState): void {
  const { issued, burned, deposited, unclaimedFees } = state.totals;
  const accounts = [...state.accounts];
  const records = [...state.records.values()];
  const sum = (amounts: bigint[]): bigint => amounts.reduce((a, b) => a + b, 0n);
  const balances = sum(accounts.map(([, account]) => account.balance));
  if (balances + deposited + unclaimedFees !== issued - burned)
    throw new Error('model: the supply law is broken');
  if (sum(records.map((record) => record.deposit)) !== deposited) throw new Error('model: deposits got lost');
  if (sum([...state.rewards.values()].map((reward) => reward.fees)) < unclaimedFees) {
    throw new Error('model: fees got lost');
  }
  for (const [address, account] of accounts) {
    const own = sum(records.filter((record) => record.owner === address).map((record) => record.deposit));
    if (own !== account.deposits) throw new Error(`model: the deposits of ${address} are wrong`);
  }
}
