import { Ajv } from 'ajv';
import { describe, expect, it } from '@jest/globals';
import {
  array,
  assert,
  constantFrom,
  dictionary,
  jsonValue,
  letrec,
  oneof,
  property,
  record,
  subarray,
} from 'fast-check';
import { compileSchema, MOST_VIOLATIONS, SchemaError, type JsonSchema, type JsonValue } from './index.js';

const WIDE = 50_000;
const list = <T>(item: (place: number) => T, length = WIDE): T[] =>
  Array.from({ length }, (_, place) => item(place));
const ITEM = { type: 'object', required: ['sku', 'quantity'] };

describe('Of a value with 50,000 violations', () => {
  it.each<readonly [string, JsonSchema, JsonValue]>([
    ['list items', { items: ITEM }, list(() => ({}))],
    ['unknown keys', { additionalProperties: false }, Object.fromEntries(list((n) => [`k${n}`, 1]))],
    [
      'keys of a wrong name',
      { propertyNames: { pattern: '^a' } },
      Object.fromEntries(list((n) => [`k${n}`, 1])),
    ],
    [
      'items by reference',
      { items: { $ref: '#/definitions/i' }, definitions: { i: ITEM } },
      list(() => ({})),
    ],
    ['items of a type each', { items: { anyOf: [{ type: 'string' }, ITEM] } }, list(() => ({}))],
  ])('%s: a hundred are described, and one more says that there are others', (_, schema, value) => {
    const violations = compileSchema(schema)(value);
    expect(violations).toHaveLength(MOST_VIOLATIONS + 1);
  });

  it.each<readonly [string, JsonSchema]>([
    ['directly', { items: ITEM }],
    ['by reference', { items: { $ref: '#/definitions/i' }, definitions: { i: ITEM } }],
  ])('items %s: the check does not look behind the last one that it tells of', (_, schema) => {
    let looks = 0;
    const sku = { get: () => void (looks += 1), enumerable: true };
    const item = Object.defineProperty({}, 'sku', sku);
    expect(compileSchema(schema)(list(() => item))).toHaveLength(MOST_VIOLATIONS + 1);
    expect(looks).toBeLessThan(2 * MOST_VIOLATIONS);
  });

  it('a size is told before the items', () => {
    const [first] = compileSchema({ type: 'array', items: ITEM, maxItems: 50 })(
      list(() => ({})),
      'context.items',
    );
    expect(first).toEqual({ path: 'context.items', message: 'must NOT have more than 50 items' });
  });

  it('what an alternative finds wrong is told only if no other takes the value', () => {
    const check = compileSchema({
      properties: { either: { anyOf: [{ items: ITEM }, { minItems: WIDE }] }, count: { type: 'integer' } },
    });
    expect(check({ either: list(() => ({})), count: 1 })).toEqual([]);
    expect(check({ either: list(() => ({})), count: 'x' })).toEqual([
      { path: 'count', message: 'expected integer, got string' },
    ]);
  });

  it('is cut: keys of the value, and values of the schema', () => {
    const long = 'k'.repeat(100_000);
    const [unknown] = compileSchema({ additionalProperties: false })({ [long]: 1 });
    expect(unknown?.path.length).toBeLessThan(100);
    const [constant] = compileSchema({ const: long })(1);
    expect(constant?.message.length).toBeLessThan(300);
    const below = compileSchema({ additionalProperties: { items: { type: 'integer' } } });
    expect(below({ [long]: list(() => '', 100) }).length).toBeLessThan(5);
  });
});

describe('A check ends', () => {
  it('where references multiply', () => {
    const node = { anyOf: list(() => ({ type: 'array', items: { $ref: '#/definitions/node' } }), 4) };
    let deep: JsonValue = 1;
    for (let level = 0; level < 31; level += 1) deep = [deep];
    expect(compileSchema({ $ref: '#/definitions/node', definitions: { node } })(deep, 'context')).toEqual([
      { path: 'context', message: 'takes too many steps to be checked against its schema' },
    ]);
    const many = compileSchema({
      items: { $ref: '#/definitions/text' },
      definitions: {
        text: { type: 'string', $ref: '#/definitions/any' },
        any: { anyOf: [{ $ref: '#/definitions/short' }] },
        short: { maxLength: 3 },
      },
    });
    expect(many(list(() => 'abc'))).toEqual([]);
  });

  it('of uniqueItems, also over objects', () => {
    const check = compileSchema({ uniqueItems: true });
    expect(check(list((n) => ({ n, m: [n] })))).toEqual([]);
    expect(check([...list((n) => ({ n, m: 1 })), { m: 1, n: 7 }])).toEqual([
      { path: '', message: `must NOT have duplicate items (items ## 7 and ${WIDE} are identical)` },
    ]);
    expect(check([1, '1', true, null, 'null', [1], ['1'], {}, []])).toEqual([]);
  });

  it('of an enum: however long, an item costs one look', () => {
    const listed = list((n) => `value ${n}`);
    const check = compileSchema({ items: { enum: [...listed, { a: 1, b: [2] }] } });
    expect(check([...listed, { b: [2], a: 1 }])).toEqual([]);
    expect(check([...listed, { b: [3], a: 1 }])).toHaveLength(1);
  });

  it('where uniqueItems are looked for again and again', () => {
    const check = compileSchema({ allOf: list(() => ({ uniqueItems: true }), 40) });
    expect(
      check(
        list((n) => [n], 20_000),
        'context',
      ),
    ).toEqual([{ path: 'context', message: 'takes too many steps to be checked against its schema' }]);
  });

  it.each([
    ['pattern', { pattern: '^(a+)+$' }, `${'a'.repeat(500_000)}!`],
    ['patternProperties', { patternProperties: { '^(a|a)*$': false } }, { [`${'a'.repeat(500_000)}!`]: 1 }],
    ['the format url', { format: 'url' }, `http://a${'::'.repeat(30_000)}`],
  ])('of %s, however the text is made', (_, schema, value) => {
    expect(compileSchema(schema)(value).length).toBeLessThan(2);
  });

  it('of a text that is too long for its pattern', () => {
    const check = compileSchema({ pattern: '^(?:[a-z]{1,500}-){1,2}$' });
    expect(check('x'.repeat(1_000_000), 'context')).toEqual([
      { path: 'context', message: 'holds a text that is too long for the pattern it has to match' },
    ]);
    expect(check('abc-')).toEqual([]);
  });
});

describe('A pattern that only backtracking can match', () => {
  it.each([
    ['(?=a)b', 'it looks around with (?=…)'],
    ['(?<!a)b', 'it looks around with (?<!…)'],
    ['(a)\\1', 'it refers back with \\1'],
    ['a{1,2000}', 'invalid repeat count'],
  ])('%s is refused at its place', (pattern, reason) => {
    for (const schema of [{ items: { pattern } }, { items: { patternProperties: { [pattern]: {} } } }]) {
      const compiling = (): unknown => compileSchema(schema);
      expect(compiling).toThrow(SchemaError);
      expect(compiling).toThrow(reason);
    }
  });
});

describe('A bounded check', () => {
  it('finds what ajv finds', () => {
    const { schema } = letrec<{ schema: JsonSchema }>((tie) => ({
      schema: oneof(
        { maxDepth: 3 },
        constantFrom<JsonSchema>(
          { type: 'string' },
          { minimum: 2 },
          { enum: [1, 'a'] },
          { enum: [0, 1, 2, 3, 4, 5, 'a', 'b', null, true, [], {}, [1], { a: 1 }] },
          { type: 'object', required: ['a', 'b'] },
          { $ref: '#/definitions/d' },
          { uniqueItems: true },
          { pattern: '^a+$' },
          { maxItems: 1 },
        ),
        record({
          properties: dictionary(constantFrom('a', 'b'), tie('schema')),
          required: subarray(['a', 'b']),
        }),
        record({ items: tie('schema') }),
        record({ additionalProperties: tie('schema') }),
        record({ anyOf: array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
        record({ oneOf: array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
        record({ not: tie('schema') }),
        record({ if: tie('schema'), else: tie('schema') }),
        record({ contains: tie('schema') }),
      ),
    }));
    assert(
      property(
        schema,
        constantFrom<JsonSchema>(
          { type: 'integer' },
          { items: { $ref: '#' } },
          { items: { $ref: '#/definitions/d' } },
        ),
        array(jsonValue({ maxDepth: 3 })),
        (root, d, values) => {
          const whole = { ...root, definitions: { d } };
          const reference = new Ajv({ allErrors: true, strict: false, ownProperties: true, logger: false });
          const expected = reference.compile(whole);
          const check = compileSchema(whole);
          for (const value of values) {
            const fits = expected(value);
            expect(check(value)).toHaveLength(fits ? 0 : (expected.errors?.length ?? 0));
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
