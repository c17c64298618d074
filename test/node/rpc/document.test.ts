import { describe, expect, it } from 'vitest';
import { formatAddress } from '../../../chain/format/address.ts';
import { toHex } from '../../../chain/format/bytes.ts';
import { Dispatcher } from '../../../node/rpc/dispatcher.ts';
import { describeInterface, METHODS } from '../../../node/rpc/openrpc.ts';
import type { Schema } from '../../../node/rpc/schema.ts';
import { readParams } from '../../../node/rpc/shapes.ts';
import { renderDocument } from './document.ts';
import { REFUSED, WAITING } from './fake-stories.ts';
import { ALICE, DROPPED, FakeView, MINED, PENDING, RECORD_ID } from './fake-view.ts';

/** Where a value breaks the part of JSON Schema that the table uses, or null. */
function faultOf(schema: Schema, value: unknown, where: string): string | null {
  const { type, anyOf, const: only, enum: values, pattern, minimum, properties, required, items } = schema;
  if (anyOf !== undefined) {
    const faults = (anyOf as Schema[]).map((each) => faultOf(each, value, where));
    return faults.includes(null) ? null : faults[0]!;
  }
  if (only !== undefined) return value === only ? null : `${where} is not ${only}`;
  if (type === 'null') return value === null ? null : `${where} is not null`;
  if (type === 'boolean') return typeof value === 'boolean' ? null : `${where} is not true or false`;
  if (type === 'integer') {
    return Number.isSafeInteger(value) && (value as number) >= (minimum as number)
      ? null
      : `${where} is not whole`;
  }
  if (type === 'string') {
    if (typeof value !== 'string') return `${where} is no string`;
    if (values !== undefined && !(values as string[]).includes(value))
      return `${where} is not among ${values}`;
    return pattern === undefined || new RegExp(pattern as string).test(value)
      ? null
      : `${where} has another form`;
  }
  if (type === 'array') {
    if (!Array.isArray(value)) return `${where} is no list`;
    return value.map((each, i) => faultOf(items as Schema, each, `${where}[${i}]`)).find(Boolean) ?? null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${where} is no object`;
  if (properties === undefined) return null;
  const missing = (required as string[]).find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `${where}.${missing} is missing`;
  for (const [name, each] of Object.entries(value)) {
    const of = (properties as Record<string, Schema>)[name];
    const fault =
      of === undefined ? `${where}.${name} is not in the schema` : faultOf(of, each, `${where}.${name}`);
    if (fault !== null) return fault;
  }
  return null;
}

describe('the table of methods', () => {
  it.each(METHODS.map((method) => [method.name, method] as const))(
    'has an example of %s that holds',
    (_name, method) => {
      expect(() => readParams(method.params, method.example.params)).not.toThrow();
      expect(faultOf(method.result, method.example.result, 'result')).toBe(null);
    },
  );

  it('names each method once', () => {
    const names = METHODS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('tells the truth about what a node answers', async () => {
    const view = new FakeView();
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const dispatcher = new Dispatcher({ logger, onCall() {} });
    const address = formatAddress(ALICE);
    const tipId = view.tip.key;
    const calls: [string, object][] = [
      ['status', {}],
      ['params', {}],
      ['block', {}],
      ['header', {}],
      ['forks', {}],
      ['account', { address }],
      ['account', { address: formatAddress(new Uint8Array(20)) }],
      ['history', { address }],
      ['record', { id: toHex(RECORD_ID) }],
      ['records', { owner: address }],
      ['recordHistory', { id: toHex(RECORD_ID) }],
      ['proveAccount', { address }],
      ['proveRecord', { id: toHex(MINED) }],
      ['proveSupply', {}],
      ['proveTransaction', { id: toHex(MINED) }],
      ['proveHistory', { address }],
      ['proveHistory', { record: toHex(MINED), last: 3 }],
      ['proveBlock', { id: toHex(MINED) }],
      ['headers', { height: 0, count: 3 }],
      ['historyPeaks', { id: tipId }],
      ['headerSamples', { id: tipId, heights: [0, 1] }],
      ['proveState', { block: tipId, entries: [address, 'supply', toHex(RECORD_ID)] }],
      ['body', { id: tipId }],
      ['submit', { transactions: ['aa', ''] }],
      ...[MINED, PENDING, DROPPED, new Uint8Array(32)].map((id): [string, object] => [
        'transaction',
        { id: toHex(id) },
      ]),
      ...[MINED, PENDING, WAITING, DROPPED, REFUSED, new Uint8Array(32)].map((id): [string, object] => [
        'whyTransaction',
        { id: toHex(id) },
      ]),
      ['whyTip', {}],
      ['mempool', {}],
      ['fee', {}],
      ['peers', {}],
      ['addresses', {}],
      ['rpc.discover', {}],
    ];
    for (const [method, params] of calls) {
      const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
      const answer = JSON.parse((await dispatcher.handle(text, { view, admin: false, subscriber: null }))!);
      const { result: schema } = METHODS.find(({ name }) => name === method)!;
      expect([method, faultOf(schema, answer.result, 'result')]).toEqual([method, null]);
    }
  });

  it('is what rpc.discover tells', () => {
    const { methods } = describeInterface('0.1.0') as {
      methods: { name: string; params: { name: string }[] }[];
    };
    expect(methods.map(({ name }) => name)).toEqual(METHODS.map(({ name }) => name));
    const history = methods.find(({ name }) => name === 'history')!;
    expect(history.params).toMatchObject([
      { name: 'address', required: true },
      { name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 100 } },
      { name: 'before', required: false },
    ]);
  });

  it('is what docs/RPC.md says', async () => {
    await expect(renderDocument()).toMatchFileSnapshot('../../../docs/RPC.md');
  });
});
