/** Owns the table of all methods and the OpenRPC document that follows from it. */
import { ACCOUNT_METHODS } from './account-methods.ts';
import { CAUSE_METHODS } from './cause-methods.ts';
import { CHAIN_METHODS } from './chain-methods.ts';
import { HEADER_METHODS } from './header-methods.ts';
import { type Method, method } from './method.ts';
import { ADMIN_METHODS, NETWORK_METHODS } from './network-methods.ts';
import { POOL_METHODS } from './pool-methods.ts';
import { PROOF_METHODS } from './proof-methods.ts';
import { RECORD_METHODS } from './record-methods.ts';

const discover: Method = method({
  name: 'rpc.discover',
  doc: 'This interface as an OpenRPC document.',
  params: {},
  result: { type: 'object' },
  example: { params: {}, result: { openrpc: '1.3.2' } },
  call: ({ view }) => describeInterface(view.version),
});

/** In the order of the documentation. */
export const METHODS: readonly Method[] = [
  ...CHAIN_METHODS,
  ...ACCOUNT_METHODS,
  ...RECORD_METHODS,
  ...PROOF_METHODS,
  ...HEADER_METHODS,
  ...POOL_METHODS,
  ...CAUSE_METHODS,
  ...NETWORK_METHODS,
  discover,
  ...ADMIN_METHODS,
];

/** The OpenRPC 1.3 document. */
export function describeInterface(version: string): object {
  return {
    openrpc: '1.3.2',
    info: { title: 'Pier node', version },
    methods: METHODS.map((entry) => ({
      name: entry.name,
      summary: entry.doc,
      paramStructure: 'by-name',
      params: Object.entries(entry.params).map(([name, { shape, required, doc }]) => ({
        name,
        summary: doc,
        required,
        schema: shape.schema,
      })),
      result: { name: 'result', schema: entry.result },
      examples: [
        {
          name: entry.name,
          params: Object.entries(entry.example.params).map(([name, value]) => ({ name, value })),
          result: { name: 'result', value: entry.example.result },
        },
      ],
      ...(entry.admin && { tags: [{ name: 'admin', description: 'wants the cookie' }] }),
      ...(entry.socketOnly && { tags: [{ name: 'websocket', description: 'only over a WebSocket' }] }),
    })),
  };
}
