import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { format } from 'prettier';
import { generateTemplateTypes } from '../../src/cli/types/template-types.generator.js';
import { parseTemplate, TemplateError, type TaskTemplate } from '../../src/templates/index.js';
import { sampleTemplate, type SampleTemplate } from './schema.arbitrary.js';
import { templateText } from './template-folder.js';
import { typeErrors } from './type-checker.js';

jest.setTimeout(180_000);

const DRAFT_2020 = 'https://json-schema.org/draft/2020-12/schema';

/** The types of a template whose one step gives what the schema describes. */
function typesOf(resultSchema: object): string {
  const text = templateText({ steps: [{ name: 'a', result_schema: resultSchema }] });
  return generateTemplateTypes(parseTemplate(text, 'pay.yaml'));
}

/** What `AResult` is, if it is an alias. */
function aliasOf(resultSchema: object): string | undefined {
  return /export type AResult =\s([^;]*);/.exec(typesOf(resultSchema))?.[1];
}

describe('the type of a schema', () => {
  it.each<readonly [object, string]>([
    [{}, 'JsonValue'],
    [{ minimum: 1 }, 'JsonValue'],
    [{ type: 'integer' }, 'number'],
    [{ type: ['integer', 'string'] }, 'number | string'],
    [{ type: ['integer', 'number', 'null'] }, 'number | null'],
    [{ type: 'string', nullable: true }, 'string | null'],
    [{ enum: ['a', "it's", 1, null, true] }, `'a' | "it's" | 1 | null | true`],
    [{ type: 'string', enum: ['a', null, 2] }, "'a'"],
    [{ const: 'a' }, "'a'"],
    [{ const: ['a', [1]] }, "readonly ['a', readonly [1]]"],
    [{ type: 'object' }, 'JsonObject'],
    [{ type: 'object', additionalProperties: { type: 'string' } }, '{ readonly [key: string]: string }'],
    [{ type: 'object', additionalProperties: false }, '{ readonly [key: string]: never }'],
    [
      {
        type: 'object',
        patternProperties: { '^x': { type: 'string' } },
        additionalProperties: { type: 'null' },
      },
      '{ readonly [key: string]: string | null }',
    ],
    [{ type: 'array' }, 'readonly JsonValue[]'],
    [{ type: 'array', items: { type: ['string', 'null'] } }, 'readonly (string | null)[]'],
    [
      { type: 'array', items: { type: 'array', items: { type: 'string' } } },
      'readonly (readonly string[])[]',
    ],
    [
      {
        type: 'array',
        items: [{ type: 'string' }, { type: 'integer' }],
        minItems: 1,
        additionalItems: false,
      },
      'readonly [string, number?]',
    ],
    [
      {
        $schema: DRAFT_2020,
        type: 'array',
        prefixItems: [{ type: 'string' }],
        minItems: 1,
        items: { type: 'null' },
      },
      'readonly [string, ...null[]]',
    ],
    [{ oneOf: [{ type: 'string' }, { type: 'null' }] }, 'string | null'],
    [{ anyOf: [{ type: 'string' }, {}] }, 'JsonValue'],
    [
      { allOf: [{ type: ['string', 'null'] }, { type: ['string', 'integer'] }] },
      '(string | null) & (string | number)',
    ],
    [{ $ref: '#/definitions/x', definitions: { x: { type: 'array', items: { $ref: '#' } } } }, 'AResultX'],
    [{ anyOf: [{ $ref: '#' }, { type: 'string' }] }, 'JsonValue'],
    [{ $ref: '#sku', definitions: { x: { $id: '#sku', type: 'string' } } }, 'AResultSku'],
  ])('%j is %s', (schema, type) => {
    expect(aliasOf(schema)).toBe(type);
  });

  it('names the parts of an object after where they stand', () => {
    const address = { type: 'object', properties: { zip: { type: 'string' } }, required: ['zip'] };
    const types = typesOf({
      type: 'object',
      properties: {
        categories: { type: 'array', items: address },
        address: { ...address, type: ['object', 'null'] },
        lines: { type: 'array', items: { $ref: '#/definitions/order_line' } },
      },
      required: ['address', 'total'],
      definitions: { order_line: address },
    });
    expect(types).toContain(`export interface AResult {
  readonly categories?: readonly AResultCategory[];
  readonly address: AResultAddress | null;
  readonly lines?: readonly AResultOrderLine[];
  readonly total: JsonValue;
}

export interface AResultCategory {
  readonly zip: string;
}`);
  });

  it('keeps what is known of an object whose other properties have a type', () => {
    const types = typesOf({
      type: 'object',
      properties: { id: { type: 'integer' }, note: { type: 'string' } },
      required: ['id'],
      additionalProperties: { type: 'boolean' },
    });
    expect(types).toContain(`export interface AResult {
  readonly id: number;
  readonly note?: string;
  readonly [key: string]: boolean | number | string | undefined;
}`);
  });

  it('joins what an object always has with what its variants have', () => {
    const types = typesOf({
      type: 'object',
      properties: { id: { type: 'integer' } },
      oneOf: [{ required: ['card'] }, { properties: { cash: { const: true } }, required: ['cash'] }],
    });
    expect(types).toContain('export type AResult = AResultObject & (AResultOption1 | AResultOption2);');
    expect(types).toContain('export interface AResultOption2 {\n  readonly cash: true;\n}');
  });

  it('gives steps whose names differ too little names of their own', () => {
    const steps = ['a_b', 'a-b', '1st', '支付', '😀'].map((name) => ({ name }));
    const types = generateTemplateTypes(parseTemplate(templateText({ steps }), 'pay.yaml'));
    expect([...types.matchAll(/export type (\S+)Result /g)].map(([, stem]) => stem)).toEqual([
      'AB',
      'AB_2',
      'Step1st',
      '支付',
      'Step',
    ]);
  });
});

describe('the types of any template', () => {
  const samples = fc.sample(sampleTemplate, { numRuns: 200, seed: 42 }).flatMap(parsed);
  const texts = samples.map(generateTemplateTypes);

  it('are many', () => {
    expect(samples.length).toBeGreaterThan(100);
  });

  it('are as prettier leaves them', async () => {
    const options = JSON.parse(await readFile(join(import.meta.dirname, '../../.prettierrc'), 'utf8'));
    for (const text of texts) expect(await format(text, { ...options, parser: 'typescript' })).toBe(text);
  });

  it('compile', () => {
    const errors = typeErrors(Object.fromEntries(texts.map((text, index) => [`${index}.ts`, text])));
    expect([...errors].filter(([, messages]) => messages.length > 0)).toEqual([]);
  });
});

/** The template, or nothing where a schema goes in a circle so that it is refused. */
function parsed(sample: SampleTemplate): readonly TaskTemplate[] {
  const complete = (schema: object) => ({ $schema: DRAFT_2020, ...schema, $defs: sample.definitions });
  const steps = sample.steps.map((name, index) => ({
    name,
    dependencies: sample.steps.slice(0, index),
    ...(index % 2 === 0 ? { result_schema: complete(sample.resultSchema) } : {}),
  }));
  const text = templateText({ name: sample.name, input_schema: complete(sample.inputSchema), steps });
  try {
    return [parseTemplate(text, 'sample.yaml')];
  } catch (error) {
    if (error instanceof TemplateError) return [];
    throw error;
  }
}
