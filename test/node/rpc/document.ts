/** Owns docs/RPC.md: written from the table of methods. */
import { ERROR_TABLE } from '../../../chain/errors.ts';
import type { Method } from '../../../node/rpc/method.ts';
import { METHODS } from '../../../node/rpc/openrpc.ts';

const INTRODUCTION = `# The RPC of a node

*Written from the table of methods in \`node/rpc/\`. After a change there: \`npx vitest run test/node/rpc/document.test.ts -u\`*

JSON-RPC 2.0: \`POST /\` with \`content-type: application/json\`, or text frames on a WebSocket at \`/ws\`. The node's
\`node.json\` names the port. Parameters are given by name. Amounts are strings of planks (1 PIER = 1,000,000 planks), ids
are lower-case hex, addresses bech32m (\`pier1…\`), times milliseconds since 1970 (UTC). An answer about the ledger is of one
moment and names it: \`tip\`, height and id. \`rpc.discover\` gives all this as an OpenRPC document, with JSON Schemas.

\`\`\`sh
curl -H 'content-type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"status"}' http://127.0.0.1:9470/
\`\`\`

- **Text that others chose.** Memos, names and media types are any bytes. \`memo\` is how they are shown: visible characters as
  they are, everything else and the backslash escaped (\`\\\\\`, \`\\n\`, \`\\r\`, \`\\t\`, \`\\u{…}\` for a code point, \`\\x…\` for a byte that
  is no UTF-8), so it can be printed as it is. \`memoHex\` beside it has the exact bytes. The same goes for \`name\` and \`mediaType\`.
- **Who gets in.** The port binds to the loopback. Requests for other host names and web pages of other origins get 403;
  \`--allow-host NAME\` allows a name, and the address that was dialled is always taken.
  Methods marked *cookie* change the node: send \`Authorization: Bearer COOKIE\` with the content of the file \`cookie\` in
  the node's data folder, new at each start. The node holds no keys, so no method can move money.
- **Limits.** A body takes 1 MiB, a batch 100 calls, JSON nests 32 deep, an answer 5 MiB. A WebSocket that leaves 8 MiB
  unread is cut, and so is the client that has read nothing for longest while 16 MiB wait for all together.
- **Connections.** Nobody is refused because others are there. Calls of many clients take turns; those of one connection are
  answered in order, each after the one before. A connection that sends no request in 5 s, reads nothing of its answer for
  10 s, or leaves four pings of its WebSocket (one in 10 s) unanswered is closed; when there are many, it is closed earlier
  (one without a request after 1 s), those first of whose network there are most. An idle one is closed after 30 s.
- **HTTP.** The charset is UTF-8. An answer of several calls above 64 KiB comes in chunks. 204 answers notifications; 404, 405,
  411, 413, 415, 417 and 426 mean what RFC 9110 says. A number as id comes back as it was written.
- **Also.** \`GET /health\`: 200; or 503, with the reason, while the node catches up, lacks stored data, may have lost accepted transactions, or is held up by its clock. \`GET /metrics\`: Prometheus.

## Errors

| code | meaning |
| --- | --- |
| -32700 | not JSON |
| -32600 | not a call |
| -32601 | no such method, or only over a WebSocket |
| -32602 | wrong parameters: \`data.code\` is \`BAD_PARAMS\`, the message says which |
| -32603 | the node failed; its log says why |
| -32000 | a rule of the ledger: \`data.code\` is one of the codes at the end of this page |
| -32001 | the cookie is missing or wrong |
| -32002 | a limit |
| -32003 | what was asked for is damaged on this node's disk; the node repairs it |

\`data.hint\`, where there is one, says what to do.

## Events

After \`subscribe\`, notifications come with the method \`event\`. \`params.topic\` says which:

| topic | other fields of \`params\` |
| --- | --- |
| \`tip\` | \`height\`, \`id\`, \`time\`, \`miner\`, \`transactions\` (count), \`stateRoot\` |
| \`reorg\` | \`at\`, \`from\`, \`to\`, \`depth\`, \`connected\`, \`forkHeight\` |
| \`transaction\` | \`id\`, \`status\` (\`pending\`, \`mined\`, \`dropped\`), \`summary\`, and \`block\` or \`reason\` |
| \`record\` | \`record\`, \`transaction\` (summary), \`block\` |

\`\`\`json
{"jsonrpc":"2.0","method":"event","params":{"topic":"reorg","at":1790000000000,"from":"…","to":"…","depth":1,"connected":2,"forkHeight":120}}
\`\`\`

## Methods
`;

export function renderDocument(): string {
  const rules = Object.entries(ERROR_TABLE).map(([code, [, meaning]]) => `| \`${code}\` | ${meaning} |`);
  return [
    INTRODUCTION,
    ...METHODS.map(renderMethod),
    '## Codes of the ledger\n',
    '| code | meaning |',
    '| --- | --- |',
    ...rules,
    '',
  ].join('\n');
}

function renderMethod({ name, doc, params, example, admin, socketOnly }: Method): string {
  const marks = [...(admin ? ['cookie'] : []), ...(socketOnly ? ['WebSocket only'] : [])];
  const rows = Object.entries(params).map(
    ([param, { required, shape, doc: meaning }]) =>
      `| \`${param}\` | ${typeOf(shape.schema)} | ${required ? 'yes' : 'no'} | ${meaning} |`,
  );
  const table =
    rows.length === 0 ? [] : ['| parameter | type | required | |', '| --- | --- | --- | --- |', ...rows, ''];
  const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: name, params: example.params });
  return [
    `### ${name}\n`,
    ...(marks.length === 0 ? [] : [`*${marks.join(', ')}*\n`]),
    `${doc}\n`,
    ...table,
    '```json',
    call,
    '```',
    '```json',
    JSON.stringify(example.result, null, 2),
    '```',
    '',
  ].join('\n');
}

function typeOf(schema: Record<string, unknown>): string {
  const { type, minimum, maximum, items, maxItems, anyOf, pattern, enum: values } = schema;
  if (anyOf !== undefined) return `${typeOf((anyOf as [Record<string, unknown>])[0])}, or null`;
  if (type === 'array') return `list of at most ${maxItems}: ${typeOf(items as Record<string, unknown>)}`;
  if (type === 'integer') return `${minimum} to ${maximum}`;
  if (values !== undefined) return (values as string[]).map((value) => `\`${value}\``).join(', ');
  if (String(pattern).startsWith('^pier1')) return 'address';
  if (String(pattern).includes('[0-9a-f]')) return 'hex';
  return 'string';
}
