/** A call to one node: whatever answers on its port, it ends with a result or with a fault that can be told. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliError, ruleHint } from '../../cli/faults.ts';
import { callNode } from '../../cli/node-rpc.ts';

let answer = '';
const server = createServer((_request, response) => response.end(answer));
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

test.each([
  ['', 'BAD_ANSWER'],
  ['null', 'BAD_ANSWER'],
  ['7', 'BAD_ANSWER'],
  ['{}', 'BAD_ANSWER'],
  ['{"error":null}', 'BAD_ANSWER'],
  ['{"error":"x"}', 'RPC_NaN'],
  ['{"error":{"code":1,"message":{"a":1},"data":7}}', 'RPC_1'],
  ['{"error":{"code":1,"message":"no","data":{"code":"constructor","hint":[]}}}', 'RPC_1'],
  ['{"error":{"code":-32000,"message":"no","data":{"code":"OVERSPEND"}}}', 'OVERSPEND'],
])('%s is told as %s', async (text, code) => {
  answer = text;
  const fault: unknown = await callNode(url, 'status').catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(CliError);
  const { message, hint } = fault as CliError;
  expect({ code: (fault as CliError).code, message: typeof message, hint: typeof hint }).toEqual({
    code,
    message: 'string',
    hint: 'string',
  });
});

test('a result is given as it is', async () => {
  answer = '{"jsonrpc":"2.0","id":1,"result":{"height":7}}';
  expect(await callNode(url, 'status')).toEqual({ height: 7 });
});

test.each(['constructor', '__proto__', 'toString', ''])('a code of a node like %s has no hint', (code) => {
  expect(ruleHint(code)).toBe('');
});
