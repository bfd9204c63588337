import { describe, expect, it } from '@jest/globals';
import { compileSchema, SchemaError, type JsonSchema } from './index.js';

function problemsOf(schema: JsonSchema): readonly string[] {
  try {
    compileSchema(schema);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    expect(error.code).toBe('SCHEMA_INVALID');
    return error.problems.map(({ segments, message }) => `${segments.join('/')}: ${message}`);
  }
  return [];
}

const ORDER = {
  type: 'object',
  required: ['customer', 'items'],
  additionalProperties: false,
  properties: {
    customer: {
      type: 'object',
      required: ['email'],
      properties: { email: { type: 'string', format: 'email' } },
    },
    items: {
      type: 'array',
      minItems: 1,
      items: { type: 'object', required: ['sku'], properties: { quantity: { type: 'integer', minimum: 1 } } },
    },
    'a.b': { enum: ['x', 1, null] },
    kind: { const: 'order' },
  },
};

describe('a checked value', () => {
  const check = compileSchema(ORDER);

  it('has no violations if it fits', () => {
    expect(check({ customer: { email: 'a@b.example' }, items: [{ sku: 'X', extra: true }] })).toEqual([]);
  });

  it('shows every violation, at the property that is meant', () => {
    const items = [{ quantity: 'secret' }, { sku: 'X', quantity: 1.5 }, { sku: 'Y', quantity: 0 }];
    expect(check({ customer: { email: 'secret' }, items, 'a.b': 2, kind: 'x', more: 1 }, 'context')).toEqual([
      { path: 'context.more', message: 'is not allowed here' },
      { path: 'context.customer.email', message: 'must match format "email"' },
      { path: 'context.items[0].sku', message: 'is required' },
      { path: 'context.items[0].quantity', message: 'expected integer, got string' },
      { path: 'context.items[1].quantity', message: 'expected integer, got a number with decimals' },
      { path: 'context.items[2].quantity', message: 'must be >= 1' },
      { path: 'context["a.b"]', message: 'expected one of "x", 1, null' },
      { path: 'context.kind', message: 'expected "order"' },
    ]);
    expect(check({ items: [] })).toEqual([
      { path: 'customer', message: 'is required' },
      { path: 'items', message: 'must NOT have fewer than 1 items' },
    ]);
    expect(check([])).toEqual([{ path: '', message: 'expected object, got array' }]);
  });

  it('tells keys that look like numbers from indexes', () => {
    const map = compileSchema({ additionalProperties: { type: 'array', items: { type: 'string' } } });
    expect(map({ '0': [1] }).map(({ path }) => path)).toEqual(['["0"][0]']);
    expect(map({ 'a/b~c': [1] }).map(({ path }) => path)).toEqual(['["a/b~c"][0]']);
  });

  it('is left as it is: nothing is coerced, filled in or removed', () => {
    const strict = compileSchema({
      type: 'object',
      additionalProperties: false,
      properties: { n: { type: 'integer' }, d: { default: 5 } },
    });
    const value = Object.freeze({ n: '5', more: 1 });
    expect(strict(value).map(({ path }) => path)).toEqual(['more', 'n']);
    expect(value).toEqual({ n: '5', more: 1 });
  });

  it('is not met by what every object inherits', () => {
    expect(compileSchema({ required: ['toString', '__proto__'] })({}).map(({ path }) => path)).toEqual([
      'toString',
      '__proto__',
    ]);
    const named = compileSchema({
      additionalProperties: false,
      properties: { constructor: { type: 'string' } },
    });
    expect(named({})).toEqual([]);
    expect(named(JSON.parse('{"__proto__": 1}')).map(({ path }) => path)).toEqual(['__proto__']);
  });

  it('is refused if it is too deep for a schema that refers to itself', () => {
    const list = compileSchema({ type: 'array', items: { $ref: '#' } });
    let deep: unknown = [];
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(list(deep, 'result')).toEqual([{ path: 'result', message: 'is nested too deeply to be checked' }]);
  });

  it('is checked by draft 2020-12 where the schema says so', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { pair: { prefixItems: [{ type: 'integer' }], unevaluatedItems: false } },
      dependentRequired: { a: ['b'] },
      unevaluatedProperties: false,
    };
    expect(compileSchema(schema)({ pair: ['x', 2], a: 1 })).toEqual(
      expect.arrayContaining([
        { path: 'pair[0]', message: 'expected integer, got string' },
        { path: 'pair', message: 'must NOT have more than 1 items' },
        { path: 'b', message: 'is required where a is given' },
        { path: 'a', message: 'is not allowed here' },
      ]),
    );
  });
});

describe('a JSON Schema', () => {
  it.each<readonly [JsonSchema, string]>([
    [
      { properties: { a: { minimun: 2 } } },
      'properties/a/minimun: JSON Schema has no keyword "minimun", did you mean "minimum"?',
    ],
    [
      { anyOf: [{}, { typ: 'string' }] },
      'anyOf/1/typ: JSON Schema has no keyword "typ", did you mean "type"?',
    ],
    [{ items: { not: { zzz: 1 } } }, 'items/not/zzz: JSON Schema has no keyword "zzz"'],
    [
      { properties: { a: { format: 'emial' } } },
      'properties/a/format: there is no format "emial", did you mean "email"?',
    ],
    [{ properties: { a: { pattern: '(' } } }, 'properties/a/pattern: not a regular expression'],
    [{ patternProperties: { '(': {} } }, 'patternProperties/(: not a regular expression'],
    [{ required: 'a' }, 'required: expected array, got string'],
    [{ properties: { a: { minimum: '2' } } }, 'properties/a/minimum: expected number, got string'],
    [
      { $ref: 'https://elsewhere.example/schema.json' },
      "can't resolve reference https://elsewhere.example/schema.json",
    ],
    [{ $ref: '#/definitions/none' }, "can't resolve reference #/definitions/none"],
    [
      { $schema: 'http://json-schema.org/draft-04/schema#' },
      '$schema: expected http://json-schema.org/draft-07/schema# or',
    ],
    [
      { prefixItems: [] },
      'the keyword "prefixItems" is not in draft-07; set $schema: https://json-schema.org/draft/2020-12',
    ],
    [{ $async: true }, '$async: asynchronous schemas are not supported'],
    [{ if: {} }, '"if" without "then" and "else" is ignored'],
    [
      JSON.parse('{"properties": {"__proto__": {}}}'),
      'properties/__proto__: a property called __proto__ cannot be checked',
    ],
  ])('is refused if something in it would not work: %j', (schema, problem) => {
    const problems = problemsOf(schema);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('tells all that is wrong with it', () => {
    expect(problemsOf({ minimun: 1, properties: { a: { maximun: 1, type: 5 } } })).toHaveLength(3);
  });

  it('may carry annotations, extensions, formats, definitions and any spelling of its dialect', () => {
    const schema = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 't',
      description: 'd',
      examples: [1],
      default: 3,
      $comment: 'c',
      'x-internal': { any: 'thing' },
      properties: {
        at: { format: 'date-time', example: '…', deprecated: true },
        // Property names are free, and no keywords.
        minimun: { $ref: '#/definitions/n' },
      },
      definitions: { n: { type: 'integer', minimum: 2 } },
    };
    expect(problemsOf(schema)).toEqual([]);
    expect(problemsOf({ $schema: 'https://json-schema.org/draft/2020-12/schema#' })).toEqual([]);
    expect(compileSchema(schema)({ minimun: 1 })).toEqual([{ path: 'minimun', message: 'must be >= 2' }]);
  });

  it('may have the $id of another: they do not meet', () => {
    const text = compileSchema({ $id: 'https://shop.example/value', type: 'string' });
    const number = compileSchema({ $id: 'https://shop.example/value', type: 'number' });
    expect([text('x'), number(1)]).toEqual([[], []]);
    expect(() => compileSchema({ $ref: 'https://shop.example/value' })).toThrow(SchemaError);
  });

  it('is compiled once if it is frozen', () => {
    const schema = Object.freeze({ type: 'string' });
    expect(compileSchema(schema)).toBe(compileSchema(schema));
    expect(compileSchema(Object.freeze({ type: 'string' }))).toBe(compileSchema(schema));
    expect(compileSchema(Object.freeze({ type: 'number' }))).not.toBe(compileSchema(schema));
  });
});
