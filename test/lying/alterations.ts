/** Owns what a lie can make of an answer: every field of it, altered in every way that its kind of value allows. */
import { type Json, type Lie, Refused } from './lying-node.ts';

/** A value of an answer: the method and the way to it. */
export interface Spot {
  readonly method: string;
  readonly path: readonly string[];
  readonly value: Json;
}

/** Elements of a list beyond these are like them. */
const LIST_MAX = 3;
const HUGE = '9007199254740991';
const CODES = [
  ...['NONCE_USED', 'NONCE_GAP', 'EXPIRED', 'REPLACEMENT_FEE', 'POOL_FULL', 'WRONG_KEY', 'OVERSPEND'],
  ...[
    'ALREADY_KNOWN',
    'NO_ACCOUNT',
    'NO_RECORD',
    'UNKNOWN_BLOCK',
    'NOT_MINED',
    'FEE_TOO_LOW',
    'BAD_SIGNATURE',
  ],
];

/** Every value of an answer, the answer itself and its lists and objects included. */
export function spotsOf(method: string, answer: Json, path: readonly string[] = []): Spot[] {
  const here = { method, path, value: answer };
  if (typeof answer !== 'object' || answer === null) return [here];
  const inner = Object.entries(answer).flatMap(([name, value]) =>
    Array.isArray(answer) && Number(name) >= LIST_MAX ? [] : spotsOf(method, value, [...path, name]),
  );
  return [here, ...inner];
}

/** Marks a field that is left out. */
export const MISSING = Symbol('missing');

/** What stands there instead. `others` are values of the same kind from elsewhere. */
export function alterationsOf({ value }: Spot, others: readonly Json[]): Json[] {
  const always = [MISSING, null, {}, [], 'x', -1, 1.5, true];
  if (typeof value === 'number')
    return [...always, value + 1, value - 1, 0, value + 1_000_000, 2 ** 53, String(value)];
  if (typeof value === 'boolean') return [...always, !value];
  if (Array.isArray(value)) return [...always, [...value, ...value], value.slice(1), value.toReversed()];
  if (typeof value === 'object' && value !== null) return [...always, { ...value, extra: 1 }];
  if (typeof value !== 'string') return [...always, 1, 'a'.repeat(64)];
  const strings = others.filter((one) => typeof one === 'string' && one !== value && isAlike(one, value));
  const some = strings.slice(0, 3);
  if (/^\d+$/.test(value))
    return [...always, String(BigInt(value) + 1n), '0', '1', HUGE, '9000000000', ...some];
  if (/^[0-9a-f]{8,}$/.test(value)) {
    const at = Math.floor(value.length * 0.6);
    const flipped = value.slice(0, at) + (value[at] === '0' ? '1' : '0') + value.slice(at + 1);
    return [...always, flipped, value.slice(2), `${value}00`, '0'.repeat(value.length), '', 'zz', ...some];
  }
  const words = ['mined', 'pending', 'dropped', 'unknown', ...CODES];
  return [...always, `${value}x`, '', ...some, ...(words.includes(value) ? words : [])];
}

const isAlike = (one: string, other: string): boolean =>
  /^pier1/.test(one) === /^pier1/.test(other) && /^[0-9a-f]+$/.test(one) === /^[0-9a-f]+$/.test(other);

/** How a method may be refused, or answered with something else altogether. */
export function refusals(): Json[] {
  const rules = CODES.map((code) => new Refused(-32000, `no: ${code}`, { code, hint: 'send it again' }));
  return [
    ...rules,
    new Refused(-32603, 'broken'),
    new Refused(-32601, 'no such method'),
    new Refused(7, 'x', []),
  ];
}

/** The lie that puts `instead` at a spot, in each answer that has it; `once`: in the first only. */
export function lieAt({ method, path }: Spot, instead: Json, once: boolean): Lie {
  let told = false;
  return (asked, result) => {
    if (asked !== method || result === undefined || (once && told)) return undefined;
    const changed = change(result, path, instead);
    if (changed !== undefined) told = true;
    return changed;
  };
}

function change(answer: Json, path: readonly string[], instead: Json): Json | undefined {
  if (path.length === 0) return instead === MISSING ? {} : instead;
  const copy = structuredClone(answer);
  let at = copy;
  for (const name of path.slice(0, -1)) {
    at = at?.[name];
    if (typeof at !== 'object' || at === null) return undefined;
  }
  const last = path.at(-1)!;
  if (!Object.hasOwn(at, last)) return undefined;
  if (instead !== MISSING) at[last] = instead;
  else delete at[last];
  return copy;
}
