import { didYouMean } from '../spelling/index.js';
import { isKeywordOf2020, type SchemaDialect } from './json-schema.dialect.js';
import { isJsonList, isJsonObject } from './json.guards.js';
import type { JsonObject, JsonSchema, JsonValue } from './json.types.js';
import { LinearPattern, UnboundedPatternError } from './linear-pattern.js';
import type { SchemaProblem } from './template.errors.js';
import type { PathSegment } from './value-path.format.js';

// Where schemas stand inside schemas. `items` is a schema or, in draft-07, a list of them; `dependencies` holds either.
const ONE = new Set([
  'additionalItems',
  'additionalProperties',
  'contains',
  'contentSchema',
  'else',
  'if',
  'items',
  'not',
]);
for (const keyword of ['propertyNames', 'then', 'unevaluatedItems', 'unevaluatedProperties'])
  ONE.add(keyword);
const LIST = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']);
const MAP = new Set([
  '$defs',
  'definitions',
  'dependencies',
  'dependentSchemas',
  'patternProperties',
  'properties',
]);

/**
 * Misspelled keywords, formats and patterns, at every level: ajv would name only the first, without its place. Extension
 * keywords (`x-…`) are annotations and pass.
 */
export function keywordProblems(schema: JsonSchema, dialect: SchemaDialect): readonly SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  for (const { subschema, segments } of subschemas(schema, [])) {
    for (const [keyword, value] of Object.entries(subschema)) {
      const place = [...segments, keyword];
      if (isUnknown(keyword, dialect)) {
        const message = `JSON Schema has no keyword ${JSON.stringify(keyword)}${didYouMean(keyword, dialect.keywords)}`;
        problems.push({ segments: place, message, isUnknownKeyword: true });
        continue;
      }
      const message = unsupportedKeyword(keyword, dialect) ?? badValue(keyword, value, dialect);
      if (message !== null) problems.push({ segments: place, message });
    }
    problems.push(...badPropertyNames(subschema, segments));
  }
  return problems;
}

/** The names of the schema's `x-…` keywords, which strict compilers must be told of. */
export function extensionKeywords(schema: JsonSchema): ReadonlySet<string> {
  return new Set(
    [...subschemas(schema, [])].flatMap(({ subschema }) => Object.keys(subschema).filter(isExtension)),
  );
}

interface Subschema {
  readonly subschema: JsonObject;
  readonly segments: readonly PathSegment[];
}

function* subschemas(schema: JsonObject, segments: readonly PathSegment[]): Generator<Subschema> {
  yield { subschema: schema, segments };
  for (const [keyword, value] of Object.entries(schema)) {
    for (const [below, child] of children(keyword, value)) {
      if (isJsonObject(child)) yield* subschemas(child, [...segments, keyword, ...below]);
    }
  }
}

function children(
  keyword: string,
  value: JsonValue,
): readonly (readonly [readonly PathSegment[], JsonValue])[] {
  if (isJsonList(value)) return LIST.has(keyword) ? value.map((item, index) => [[index], item]) : [];
  if (ONE.has(keyword)) return [[[], value]];
  if (MAP.has(keyword) && isJsonObject(value))
    return Object.entries(value).map(([name, item]) => [[name], item]);
  return [];
}

/** A keyword of no dialect. `$async` is ajv's own. */
function isUnknown(keyword: string, dialect: SchemaDialect): boolean {
  if (keyword === '$async' || isExtension(keyword)) return false;
  return !dialect.knowsKeyword(keyword) && !isKeywordOf2020(keyword);
}

function unsupportedKeyword(keyword: string, dialect: SchemaDialect): string | null {
  // The check would answer with a promise, which every caller would take for "fits".
  if (keyword === '$async') return 'asynchronous schemas are not supported';
  if (isExtension(keyword) || dialect.knowsKeyword(keyword)) return null;
  return `the keyword ${JSON.stringify(keyword)} is not in ${dialect.name}; set $schema: https://json-schema.org/draft/2020-12/schema`;
}

function badValue(keyword: string, value: JsonValue, dialect: SchemaDialect): string | null {
  if (typeof value !== 'string') return null;
  if (keyword === 'pattern') return badPattern(value);
  if (keyword !== 'format' || dialect.formats.includes(value)) return null;
  return `there is no format ${JSON.stringify(value)}${didYouMean(value, dialect.formats)}`;
}

function badPropertyNames(schema: JsonObject, segments: readonly PathSegment[]): readonly SchemaProblem[] {
  const { properties = null, patternProperties = null } = schema;
  const problems: SchemaProblem[] = [];
  if (isJsonObject(properties) && Object.hasOwn(properties, '__proto__')) {
    // ajv leaves this one name out without a word, and what a template says is enforced or refused.
    const message = 'a property called __proto__ cannot be checked; choose another name';
    problems.push({ segments: [...segments, 'properties', '__proto__'], message });
  }
  for (const pattern of isJsonObject(patternProperties) ? Object.keys(patternProperties) : []) {
    const message = badPattern(pattern);
    if (message !== null) problems.push({ segments: [...segments, 'patternProperties', pattern], message });
  }
  return problems;
}

function badPattern(pattern: string): string | null {
  try {
    void new LinearPattern(pattern);
    return null;
  } catch (error) {
    if (error instanceof UnboundedPatternError) return error.message;
    return `not a regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function isExtension(keyword: string): boolean {
  return keyword.startsWith('x-');
}
