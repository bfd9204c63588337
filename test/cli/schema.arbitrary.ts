import * as fc from 'fast-check';

/** A template's parts; every schema may refer to the definitions, and to itself. */
export interface SampleTemplate {
  readonly name: string;
  readonly steps: readonly string[];
  readonly definitions: Readonly<Record<string, unknown>>;
  readonly inputSchema: object;
  readonly resultSchema: object;
}

const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_]{0,12}$/),
  fc.stringMatching(/^[a-z][a-z_]{20,60}$/),
  fc.constantFrom(
    'we-ird',
    "it's",
    'a"b',
    '1',
    'x.y',
    'ünï',
    '支付',
    '',
    ' ',
    'a\\b',
    'class',
    'constructor',
    'a\nb',
  ),
);

const scalar = fc.oneof(
  fc.stringMatching(/^[a-z'"\\ -]{0,30}$/),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, min: -1000, max: 1000 }).map((number) => number + 0),
);

const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(name, scalar, { maxKeys: 2 }),
);

const leaf = fc.constantFrom<unknown>(
  true,
  false,
  {},
  { minimum: 2 },
  { type: 'object' },
  { type: ['integer', 'string'] },
  { type: 'string', nullable: true },
  { $ref: '#' },
  { $ref: '#/$defs/one' },
  { $ref: '#/$defs/two' },
  { $ref: '#/$defs/a~1b' },
);

const { schema } = fc.letrec<{ readonly schema: unknown }>((tie) => {
  const inner = tie('schema');
  const several = fc.array(inner, { minLength: 1, maxLength: 4 });
  const object = fc.record(
    {
      type: fc.constantFrom('object', ['object', 'null']),
      properties: fc.dictionary(name, inner, { maxKeys: 5 }),
      required: fc.uniqueArray(name, { maxLength: 2 }),
      additionalProperties: inner,
      patternProperties: fc.dictionary(fc.constantFrom('^a', '^b'), inner),
      oneOf: several,
      description: fc.string(),
    },
    { requiredKeys: ['type'] },
  );
  const tuple = fc.record(
    { type: fc.constant('array'), prefixItems: several, items: inner, minItems: fc.nat(3) },
    { requiredKeys: ['type', 'prefixItems'] },
  );
  return {
    schema: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      leaf,
      value.map((constant) => ({ const: constant })),
      fc
        .uniqueArray(value, { minLength: 1, maxLength: 6, selector: (item) => JSON.stringify(item) })
        .map((items) => ({ enum: items })),
      object,
      tuple,
      inner.map((items) => ({ type: 'array', items })),
      several.map((anyOf) => ({ anyOf })),
      several.map((allOf) => ({ allOf })),
    ),
  };
});

const schemaObject = schema.map((it) => (typeof it === 'object' && it !== null ? it : {}));

const stepName = fc.oneof(
  fc.stringMatching(/^[a-z][a-z_]{0,8}$/),
  fc.constantFrom('1a', '支付', '*/', 'a-b', 'a_b', 'aB', 'x'.repeat(200), '😀', '`'),
);

export const sampleTemplate: fc.Arbitrary<SampleTemplate> = fc.record({
  name: fc.stringMatching(/^[a-z][a-z_]{0,30}$/),
  steps: fc.uniqueArray(stepName, { minLength: 1, maxLength: 4 }),
  definitions: fc.record({ one: schema, two: schema, 'a/b': schema }),
  inputSchema: schemaObject,
  resultSchema: schemaObject,
});
