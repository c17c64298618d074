/** Owns the JSON Schemas of results: a few words to write them with. */

export type Schema = { readonly [key: string]: unknown };

export const text: Schema = { type: 'string' };
export const flag: Schema = { type: 'boolean' };
/** Heights, counts, milliseconds. */
export const whole: Schema = { type: 'integer', minimum: 0 };
export const hash: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$', description: '32 bytes in hex' };
export const hex: Schema = { type: 'string', pattern: '^([0-9a-f]{2})*$' };
export const address: Schema = { type: 'string', pattern: '^pier1[02-9ac-hj-np-z]{38}$' };
export const planks: Schema = {
  type: 'string',
  pattern: '^(0|[1-9][0-9]{0,15})$',
  description: 'planks, decimal',
};
export const signedPlanks: Schema = { type: 'string', pattern: '^(0|-?[1-9][0-9]{0,15})$' };
/** Too large for a JSON number. */
export const decimal: Schema = { type: 'string', pattern: '^(0|[1-9][0-9]*)$' };

export function oneOf(...values: string[]): Schema {
  return { type: 'string', enum: values };
}

export function list(items: Schema): Schema {
  return { type: 'array', items };
}

export function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}

/** An object; a name that ends with `?` may be left out. */
export function object(fields: Record<string, Schema>): Schema {
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (const [name, schema] of Object.entries(fields)) {
    const plain = name.replace(/\?$/, '');
    properties[plain] = schema;
    if (plain === name) required.push(name);
  }
  return { type: 'object', properties, required, additionalProperties: false };
}

/** The block whose state an answer describes. */
export const tip: Schema = object({ height: whole, id: hash });
