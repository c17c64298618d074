/**
 * Owns the shapes of parameters: each checks a JSON value and says in JSON Schema what it takes. Strict: an unknown
 * name, a number in a string or upper-case hex is refused, and the refusal says what was wanted.
 */
import { RuleError } from '../../chain/errors.ts';
import { parseAddress } from '../../chain/format/address.ts';
import { badParams } from './faults.ts';
import type { Schema } from './schema.ts';
import * as schemas from './schema.ts';

export interface Shape<T> {
  readonly schema: Schema;
  /** `where` is the value's place, for the error. Throws `RpcFault` 'BAD_PARAMS'. */
  read(value: unknown, where: string): T;
}

/** A parameter, and whether it may be left out. */
export interface Param<T = unknown> {
  readonly shape: Shape<T>;
  readonly required: boolean;
  readonly doc: string;
}

export type Params = Record<string, Param>;
export type ReadParams<P extends Params> = { [K in keyof P]: P[K] extends Param<infer T> ? T : never };

export function required<T>(shape: Shape<T>, doc: string): Param<T> {
  return { shape, required: true, doc };
}

/** Left out, it reads as `undefined`. */
export function optional<T>(shape: Shape<T>, doc: string): Param<T | undefined> {
  return { shape, required: false, doc };
}

/** A whole number; JSON's own notation, not a string. */
export function integer(minimum: number, maximum: number): Shape<number> {
  return {
    schema: { type: 'integer', minimum, maximum },
    read(value, where) {
      if (!Number.isSafeInteger(value) || (value as number) < minimum || (value as number) > maximum) {
        throw badParams(`${where} must be a whole number from ${minimum} to ${maximum}`);
      }
      return value as number;
    },
  };
}

/** Lower-case hex of exactly `length` bytes. */
export function hexOf(length: number): Shape<Uint8Array> {
  return {
    schema: { type: 'string', pattern: `^[0-9a-f]{${2 * length}}$` },
    read(value, where) {
      const bytes = bytesOfHex(value);
      if (bytes?.length !== length) throw badParams(`${where} must be ${2 * length} lower-case hex digits`);
      return bytes;
    },
  };
}

/** Lower-case hex of at most `max` bytes. */
export function hexUpTo(max: number): Shape<Uint8Array> {
  return {
    schema: { type: 'string', pattern: '^([0-9a-f]{2})*$', maxLength: 2 * max },
    read(value, where) {
      const bytes = bytesOfHex(value);
      if (bytes === null || bytes.length > max) {
        throw badParams(`${where} must be lower-case hex of at most ${max} bytes`);
      }
      return bytes;
    },
  };
}

export const address: Shape<Uint8Array> = {
  schema: schemas.address,
  read(value, where) {
    try {
      return parseAddress(value as string);
    } catch (error) {
      if (error instanceof RuleError) throw badParams(`${where}: ${error.message}`);
      throw error;
    }
  },
};

export function string(maxLength: number, pattern: RegExp, wanted: string): Shape<string> {
  return {
    schema: { type: 'string', maxLength, pattern: pattern.source },
    read(value, where) {
      if (typeof value !== 'string' || value.length > maxLength || !pattern.test(value)) {
        throw badParams(`${where} must be ${wanted}`);
      }
      return value;
    },
  };
}

export function oneOf<const T extends string>(...values: T[]): Shape<T> {
  return {
    schema: { type: 'string', enum: values },
    read(value, where) {
      if (!values.includes(value as T)) throw badParams(`${where} must be one of ${values.join(', ')}`);
      return value as T;
    },
  };
}

export function list<T>(item: Shape<T>, max: number, min = 1): Shape<T[]> {
  return {
    schema: { type: 'array', items: item.schema, minItems: min, maxItems: max },
    read(value, where) {
      if (!Array.isArray(value) || value.length < min || value.length > max) {
        throw badParams(`${where} must be a list of ${min} to ${max}`);
      }
      return value.map((each, i) => item.read(each, `${where}[${i}]`));
    },
  };
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return {
    schema: schemas.orNull(shape.schema),
    read: (value, where) => (value === null ? null : shape.read(value, where)),
  };
}

/** Reads named parameters; none at all is the empty object. */
export function readParams<P extends Params>(params: P, given: unknown): ReadParams<P> {
  const names = Object.keys(params);
  const known = names.length === 0 ? 'It takes no parameters.' : `It takes: ${names.join(', ')}.`;
  const values = given ?? {};
  if (typeof values !== 'object' || Array.isArray(values))
    throw badParams('parameters are given by name', known);
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(params, name)) throw badParams(`${clip(name)} is not a parameter`, known);
  }
  const read: Record<string, unknown> = {};
  for (const [name, { shape, required: wanted }] of Object.entries(params)) {
    if (Object.hasOwn(values, name)) read[name] = shape.read(Reflect.get(values, name), name);
    else if (wanted) throw badParams(`${name} is missing`, known);
  }
  return read as ReadParams<P>;
}

/** A megabyte of hex a call: Node's own decoder, then bytes of our own, since its small buffers share a pool. */
function bytesOfHex(value: unknown): Uint8Array | null {
  if (typeof value !== 'string' || value.length % 2 !== 0 || !/^[0-9a-f]*$/.test(value)) return null;
  return new Uint8Array(Buffer.from(value, 'hex'));
}

function clip(text: string): string {
  return JSON.stringify(text.length <= 32 ? text : `${text.slice(0, 32)}…`);
}
