/** Owns how causes look in JSON, with their schemas: the steps of a transaction's story, and who brought what. */
import type { Arrival, Cause, Origin, Reason } from '../reactor/causes.ts';
import type { Reorg } from '../reactor/reorgs.ts';
import { hintOf, withHint } from './faults.ts';
import { address, decimal, hash, object, oneOf, orNull, type Schema, text, whole } from './schema.ts';

export const reasonSchema: Schema = object({ code: text, message: text, 'hint?': text });

/** `node` and `address` are of a peer whose link was still there. */
const originSchema = object({ kind: oneOf('user', 'self', 'peer'), 'node?': hash, 'address?': text });

export const arrivalSchema: Schema = orNull(object({ at: whole, from: originSchema }));

export const reorgSchema: Schema = object({
  at: whole,
  from: hash,
  to: hash,
  depth: whole,
  connected: whole,
  forkHeight: whole,
  lostWork: decimal,
  wonWork: decimal,
  moreWork: decimal,
});

export const causeSchema: Schema = object({
  at: whole,
  what: oneOf('pending', 'waiting', 'mined', 'orphaned', 'dropped', 'refused'),
  'way?': oneOf('new', 'waited', 'displaced', 'restart'),
  'from?': originSchema,
  'block?': object({ height: whole, id: hash, miner: address }),
  'reorg?': reorgSchema,
  'reason?': reasonSchema,
  'by?': hash,
});

export function reorgJson(reorg: Reorg): object {
  return { ...reorg, moreWork: String(BigInt(reorg.wonWork) - BigInt(reorg.lostWork)) };
}

export function reasonJson({ code, message }: Reason): object {
  return { ...withHint(code, hintOf(code)), message };
}

export function arrivalJson(arrival: Arrival | null): object | null {
  return arrival === null ? null : { at: arrival.at, from: originJson(arrival.from) };
}

export function causeJson(cause: Cause): object {
  const base = { at: cause.at, what: cause.what };
  switch (cause.what) {
    case 'pending':
      return { ...base, way: cause.way, ...fromJson(cause.from) };
    case 'waiting': {
      const reason = cause.reason === null ? {} : { reason: reasonJson(cause.reason) };
      return { ...base, way: cause.way, ...fromJson(cause.from), ...reason };
    }
    case 'mined':
      return { ...base, block: cause.block };
    case 'orphaned':
      return { ...base, block: cause.block, reorg: reorgJson(cause.reorg) };
    case 'dropped':
      return { ...base, reason: reasonJson(cause.reason), ...(cause.by === null ? {} : { by: cause.by }) };
    case 'refused':
      return { ...base, reason: reasonJson(cause.reason), ...fromJson(cause.from) };
  }
}

function fromJson(origin: Origin | null): object {
  return origin === null ? {} : { from: originJson(origin) };
}

function originJson(origin: Origin): object {
  if (origin.kind !== 'peer' || origin.node === null) return { kind: origin.kind };
  return { kind: origin.kind, node: origin.node, address: origin.address };
}
