/**
 * Owns the parameters of a ledger: what `genesis.json` says, checked, and their canonical bytes, which the genesis
 * header commits to. Two ledgers with different parameters, or only another salt, share nothing.
 */
import { bitsOf, targetOf } from '../consensus/difficulty.ts';
import { RuleError } from '../errors.ts';
import { parseAddress } from './address.ts';
import { MAX_AMOUNT, parsePlanks } from './amount.ts';
import { fromHex } from './bytes.ts';
import { byteString, encode, fixed, list, struct, u32, u53 } from './codec.ts';

/** Largest `blockBytes` a genesis may set: a body must fit one message of the network. */
export const BLOCK_BYTES_MAX = 4 * 1024 * 1024;

export interface Limits {
  /** Most bytes of a block, header and body. */
  readonly blockBytes: number;
  /** Most signatures of a block: what bounds the time it takes to check it. */
  readonly blockSignatures: number;
  /** How far ahead of the local clock a block's time may be, in milliseconds. */
  readonly futureMs: number;
}

export interface Difficulty {
  /** Target of the genesis block, compact: the anchor of the difficulty rule. */
  readonly bits: number;
  /** The easiest target ever, compact. */
  readonly floorBits: number;
  /** Intended time between blocks, in milliseconds. */
  readonly targetMs: number;
  /** Being this much behind or ahead of the schedule halves or doubles the difficulty, in milliseconds. */
  readonly halfLifeMs: number;
}

export interface Reward {
  /** Planks for each of the first blocks. */
  readonly initial: number;
  /** After this many blocks it halves, and again. */
  readonly halvingBlocks: number;
  /** How many blocks later a block's reward and fees are credited. */
  readonly maturity: number;
}

export interface Prices {
  /** Least fee of a transaction, planks a byte. */
  readonly feePerByte: number;
  /** Planks burned when an account is created. */
  readonly accountSurcharge: number;
  /** Planks locked for a byte of a stored record. */
  readonly depositPerByte: number;
  /** Planks locked for a record, whatever its size. */
  readonly depositPerEntry: number;
}

export interface Allocation {
  readonly address: Uint8Array;
  readonly amount: number;
}

export interface Activation {
  readonly rule: string;
  readonly height: number;
}

export interface Params {
  readonly name: string;
  readonly salt: Uint8Array;
  /** Time of the genesis block, milliseconds since 1970. */
  readonly time: number;
  readonly limits: Limits;
  readonly difficulty: Difficulty;
  readonly reward: Reward;
  readonly prices: Prices;
  readonly allocations: readonly Allocation[];
  readonly activations: readonly Activation[];
}

/** Later rules that this version knows, by name. None yet. */
export const KNOWN_RULES: readonly string[] = [];

/** Accounts a genesis may fund. */
const ALLOCATIONS_MAX = 1_000_000;
const ACTIVATIONS_MAX = 64;
/** The time bound must be much smaller than the half-life, or miners could steer the difficulty with their clocks. */
const HALF_LIVES_PER_FUTURE_MIN = 4;

const text = byteString(32);
const codec = struct({
  name: text,
  salt: fixed(32),
  time: u53,
  limits: struct({ blockBytes: u32, blockSignatures: u32, futureMs: u53 }),
  difficulty: struct({ bits: u32, floorBits: u32, targetMs: u53, halfLifeMs: u53 }),
  reward: struct({ initial: u53, halvingBlocks: u32, maturity: u32 }),
  prices: struct({ feePerByte: u53, accountSurcharge: u53, depositPerByte: u53, depositPerEntry: u53 }),
  allocations: list(ALLOCATIONS_MAX, struct({ address: fixed(20), amount: u53 })),
  activations: list(ACTIVATIONS_MAX, struct({ rule: text, height: u32 })),
});

/** Canonical bytes of the parameters. */
export function encodeParams(params: Params): Uint8Array {
  const utf8 = new TextEncoder();
  return encode(codec, {
    ...params,
    name: utf8.encode(params.name),
    allocations: [...params.allocations],
    activations: params.activations.map(({ rule, height }) => ({ rule: utf8.encode(rule), height })),
  });
}

type Json = Record<string, unknown>;

/** Reads the parsed JSON of a `genesis.json`. Throws 'BAD_GENESIS' naming the field and what it must be. */
export function parseParams(json: unknown): Params {
  const root = fields(json, 'genesis', [
    'name',
    'salt',
    'time',
    'limits',
    'difficulty',
    'reward',
    'prices',
    'allocations',
    'activations',
  ]);
  const limits = fields(root.limits, 'limits', ['blockBytes', 'blockSignatures', 'futureMs']);
  const difficulty = fields(root.difficulty, 'difficulty', ['bits', 'floorBits', 'targetMs', 'halfLifeMs']);
  const reward = fields(root.reward, 'reward', ['initial', 'halvingBlocks', 'maturity']);
  const prices = fields(root.prices, 'prices', [
    'feePerByte',
    'accountSurcharge',
    'depositPerByte',
    'depositPerEntry',
  ]);
  const params: Params = {
    name: name(root.name, 'name'),
    salt: within('salt', () => fromHex(root.salt as string, 32)),
    time: whole(root.time, 'time', 0, MAX_AMOUNT),
    limits: {
      blockBytes: whole(limits.blockBytes, 'limits.blockBytes', 16_384, BLOCK_BYTES_MAX),
      blockSignatures: whole(limits.blockSignatures, 'limits.blockSignatures', 16, 65_536),
      futureMs: whole(limits.futureMs, 'limits.futureMs', 1, 2 ** 40),
    },
    difficulty: {
      bits: compact(difficulty.bits, 'difficulty.bits'),
      floorBits: compact(difficulty.floorBits, 'difficulty.floorBits'),
      targetMs: whole(difficulty.targetMs, 'difficulty.targetMs', 1, 2 ** 32),
      halfLifeMs: whole(difficulty.halfLifeMs, 'difficulty.halfLifeMs', 1, 2 ** 40),
    },
    reward: {
      initial: planks(reward.initial, 'reward.initial'),
      halvingBlocks: whole(reward.halvingBlocks, 'reward.halvingBlocks', 1, 2 ** 32 - 1),
      maturity: whole(reward.maturity, 'reward.maturity', 1, 100_000),
    },
    prices: {
      feePerByte: planks(prices.feePerByte, 'prices.feePerByte'),
      accountSurcharge: planks(prices.accountSurcharge, 'prices.accountSurcharge'),
      depositPerByte: planks(prices.depositPerByte, 'prices.depositPerByte'),
      depositPerEntry: planks(prices.depositPerEntry, 'prices.depositPerEntry'),
    },
    allocations: items(root.allocations, 'allocations').map((entry, i) => {
      const allocation = fields(entry, `allocations[${i}]`, ['address', 'amount']);
      return {
        address: within(`allocations[${i}].address`, () => parseAddress(allocation.address as string)),
        amount: planks(allocation.amount, `allocations[${i}].amount`),
      };
    }),
    activations: items(root.activations, 'activations').map((entry, i) => {
      const activation = fields(entry, `activations[${i}]`, ['rule', 'height']);
      return {
        rule: name(activation.rule, `activations[${i}].rule`),
        height: whole(activation.height, `activations[${i}].height`, 1, 2 ** 32 - 1),
      };
    }),
  };
  checkRelations(params);
  return params;
}

function checkRelations(params: Params): void {
  const { difficulty, limits, reward, allocations, activations } = params;
  if (targetOf(difficulty.bits) > targetOf(difficulty.floorBits)) {
    throw bad('difficulty.bits', 'is easier than floorBits');
  }
  if (limits.futureMs * HALF_LIVES_PER_FUTURE_MIN > difficulty.halfLifeMs) {
    throw bad('limits.futureMs', `must be at most 1/${HALF_LIVES_PER_FUTURE_MIN} of difficulty.halfLifeMs`);
  }
  let supply = BigInt(reward.initial) * BigInt(reward.halvingBlocks) * 2n;
  for (const { amount } of allocations) supply += BigInt(amount);
  if (supply > BigInt(MAX_AMOUNT)) throw bad('reward', 'and allocations together exceed 2^53-1 planks');
  const seen = new Set(allocations.map(({ address }) => address.join()));
  if (seen.size !== allocations.length) throw bad('allocations', 'name an address twice');
  for (const { rule } of activations) {
    if (!KNOWN_RULES.includes(rule))
      throw bad('activations', `names '${rule}': this version doesn't know it, update Pier`);
  }
}

function bad(field: string, what: string): RuleError {
  return new RuleError('BAD_GENESIS', `${field} ${what}`);
}

function fields(value: unknown, where: string, names: readonly string[]): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(where, 'must be an object');
  for (const key of Object.keys(value))
    if (!names.includes(key)) throw bad(`${where}.${key}`, 'is not a parameter');
  for (const key of names) if (!Object.hasOwn(value, key)) throw bad(`${where}.${key}`, 'is missing');
  return value as Json;
}

function items(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw bad(where, 'must be a list');
  return value;
}

function whole(value: unknown, where: string, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    throw bad(where, `must be a whole number from ${min} to ${max}`);
  }
  return value as number;
}

function planks(value: unknown, where: string): number {
  return within(where, () => parsePlanks(value as string));
}

function name(value: unknown, where: string): string {
  if (typeof value !== 'string' || !/^[a-z0-9][a-z0-9-]{0,31}$/.test(value)) {
    throw bad(where, 'must be 1 to 32 of a-z, 0-9 and -');
  }
  return value;
}

function compact(value: unknown, where: string): number {
  return within(where, () => {
    const bits = parseInt(String(value), 16);
    if (!/^[0-9a-f]{8}$/.test(String(value)) || bitsOf(targetOf(bits)) !== bits) {
      throw bad(where, 'must be 8 hex digits of a canonical compact target');
    }
    return bits;
  });
}

function within<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RuleError && error.code !== 'BAD_GENESIS')
      throw bad(where, `is unusable: ${error.message}`);
    throw error;
  }
}
