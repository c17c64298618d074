/** Owns the methods that prove what a node says: each answers with a file that is checked from the genesis alone. */
import { toHex } from '../../chain/format/bytes.ts';
import { HISTORY_PROOF_MAX, type ProofSubject } from '../../chain/ledger/proofs.ts';
import { badParams } from './faults.ts';
import { type Context, method } from './method.ts';
import * as sample from './samples.ts';
import { hex, object, tip } from './schema.ts';
import * as shape from './shapes.ts';
import { tipJson } from './summaries.ts';

const result = object({ proof: hex, tip });
const SAMPLE = '504945525052460102';
const example = (params: object) => ({ params, result: { proof: SAMPLE, tip: sample.TIP } });

async function answer({ view }: Context, subject: ProofSubject) {
  const { tip: node, value } = await view.prove(subject);
  return { proof: toHex(value), tip: tipJson(node) };
}

export const PROOF_METHODS = [
  method({
    name: 'proveAccount',
    doc: 'A proof of an account at the tip, or that there is none. `proof` is a file, as docs/PROOFS.md describes it; so it is in the methods below.',
    params: { address: shape.required(shape.address, 'of the account') },
    result,
    example: example({ address: sample.ALICE }),
    call: (context, { address }) => answer(context, { kind: 'account', address }),
  }),
  method({
    name: 'proveRecord',
    doc: 'A proof of a record at the tip, or that there is none.',
    params: { id: shape.required(shape.hexOf(32), 'of the record') },
    result,
    example: example({ id: sample.RECORD }),
    call: (context, { id }) => answer(context, { kind: 'record', record: id }),
  }),
  method({
    name: 'proveSupply',
    doc: 'A proof of what was issued, burned and deposited up to the tip.',
    params: {},
    result,
    example: example({}),
    call: (context) => answer(context, { kind: 'supply' }),
  }),
  method({
    name: 'proveTransaction',
    doc: 'A proof that a transaction is in a block of the chain, and which.',
    params: { id: shape.required(shape.hexOf(32), 'of the transaction') },
    result,
    example: example({ id: sample.TRANSACTION }),
    call: (context, { id }) => answer(context, { kind: 'transaction', id }),
  }),
  method({
    name: 'proveHistory',
    doc: `A proof of all transactions that touched an account or a record: give one of both. A file holds at most ${HISTORY_PROOF_MAX}; of a longer history ask for the \`last\` ones.`,
    params: {
      address: shape.optional(shape.address, 'of the account'),
      record: shape.optional(shape.hexOf(32), 'id of the record'),
      last: shape.optional(shape.integer(1, HISTORY_PROOF_MAX), 'only so many, the newest'),
    },
    result,
    example: example({ address: sample.ALICE }),
    call: (context, { address, record, last }) => {
      if (address !== undefined && record === undefined)
        return answer(context, { kind: 'accountHistory', address, last });
      if (record !== undefined && address === undefined)
        return answer(context, { kind: 'recordHistory', record, last });
      throw badParams('give either address or record');
    },
  }),
  method({
    name: 'proveBlock',
    doc: 'A proof that a block is in the chain that ends in the tip. With it an older proof as of that block can be seen from this tip, with the work done since on it.',
    params: { id: shape.required(shape.hexOf(32), 'of the block') },
    result,
    example: example({ id: sample.BLOCK }),
    call: (context, { id }) => answer(context, { kind: 'block', id }),
  }),
];
