/** Statements of docs/PROTOCOL.md, sections 4 to 6, that no table and no example shows. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { RuleError } from '../../chain/errors.ts';
import { fromText, toHex } from '../../chain/format/bytes.ts';
import { encodeParams, type Params, parseParams } from '../../chain/format/params.ts';
import {
  assembleTransaction,
  type Body,
  decodeTransaction,
  encodeUnsigned,
} from '../../chain/format/transaction.ts';
import { transaction } from '../p2p/chain-maker.ts';

const text = readFileSync(new URL('../../docs/PROTOCOL.md', import.meta.url), 'utf8');
const genesis = JSON.parse(/```json genesis\n([\s\S]*?)\n```/.exec(text)![1]!);
const [allocation] = genesis.allocations;
const other = 'pier1q6dsy3lmhqxy0jjr77ng3zkykrs9qwrurhrgak';

const bytesOf = (change: object): string => toHex(encodeParams(parseParams({ ...genesis, ...change })));

function codeOf(action: () => unknown): string | null {
  try {
    action();
    return null;
  } catch (error) {
    if (error instanceof RuleError) return error.code;
    throw error;
  }
}

describe('genesis.json', () => {
  test('has addresses in one case, lower or upper, and hex in lower case', () => {
    const withAddress = (address: string) => ({ allocations: [{ ...allocation, address }] });
    expect(bytesOf(withAddress(allocation.address.toUpperCase()))).toBe(bytesOf({}));
    expect(codeOf(() => bytesOf(withAddress(allocation.address.replace('p', 'P'))))).toBe('BAD_GENESIS');
    expect(codeOf(() => bytesOf({ salt: genesis.salt.toUpperCase() }))).toBe('BAD_GENESIS');
    expect(codeOf(() => bytesOf({ difficulty: { ...genesis.difficulty, floorBits: '207FFFFF' } }))).toBe(
      'BAD_GENESIS',
    );
  });

  test('keeps its allocations in their order', () => {
    const allocations = [allocation, { address: other, amount: '1' }];
    expect(bytesOf({ allocations })).not.toBe(bytesOf({ allocations: allocations.toReversed() }));
  });

  test('has activations of a rule and a height, and is refused by who does not know the rule', () => {
    const activations = [{ rule: 'some-rule', height: 1000 }];
    const params: Params = { ...parseParams(genesis), activations };
    expect(toHex(encodeParams(params)).slice(-30)).toBe(`01${'09'}${toHex(fromText('some-rule'))}000003e8`);
    expect(() => parseParams({ ...genesis, activations })).toThrow("names 'some-rule'");
    for (const activation of [{ rule: 'Some', height: 1 }, { rule: 'a', height: 0 }, { rule: 'a' }, 'a'])
      expect(codeOf(() => parseParams({ ...genesis, activations: [activation] }))).toBe('BAD_GENESIS');
  });
});

describe('a transaction', () => {
  const made = (body: Body) =>
    assembleTransaction(encodeUnsigned({ ...transaction(1), body }), new Uint8Array(64));
  const noText = Uint8Array.of(0, 0xff, 0xc3, 0x28, 0x1b);

  test('has any bytes as memo, name and media type', () => {
    const outputs = [{ to: new Uint8Array(20), amount: 1 }];
    expect(made({ TAG: 'transfer', data: { outputs, memo: noText } }).body.data).toMatchObject({
      memo: noText,
    });
    const put = { creator: new Uint8Array(20), root: new Uint8Array(32), size: 0, inline: null };
    const data = { ...put, name: noText, mediaType: noText };
    expect(made({ TAG: 'put', data }).body.data).toMatchObject({ name: noText, mediaType: noText });
  });

  test('of an unknown kind is malformed', () => {
    for (const kind of [0, 11, 255]) {
      const bytes = transaction(1).bytes.slice();
      bytes[74] = kind;
      expect(codeOf(() => decodeTransaction(bytes))).toBe('MALFORMED');
    }
  });
});
