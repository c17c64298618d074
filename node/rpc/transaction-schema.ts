/** Owns the schema of a transaction's summary, which several methods give. */
import {
  address,
  hash,
  hex,
  list,
  object,
  oneOf,
  orNull,
  planks,
  type Schema,
  text,
  whole,
} from './schema.ts';

export const transactionSchema: Schema = object({
  id: hash,
  kind: oneOf(
    'transfer',
    'put',
    'give',
    'drop',
    'rotate',
    'setRecovery',
    'recover',
    'veto',
    'claim',
    'revoke',
  ),
  sender: address,
  nonce: whole,
  fee: planks,
  validUntil: whole,
  bytes: whole,
  // transfer
  'outputs?': list(object({ to: address, amount: planks })),
  'memo?': text,
  'memoHex?': hex,
  // put, give, drop
  'record?': hash,
  'creator?': address,
  'name?': text,
  'nameHex?': hex,
  'root?': hash,
  'size?': whole,
  'mediaType?': text,
  'mediaTypeHex?': hex,
  'inlineBytes?': orNull(whole),
  'to?': address,
  // rotate, recover, setRecovery, veto, claim
  'publicKey?': hash,
  'recovery?': orNull(object({ account: address, delay: whole })),
  'target?': address,
});
