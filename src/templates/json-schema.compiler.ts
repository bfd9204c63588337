import type { ErrorObject, ValidateFunction } from 'ajv';
import { dialectOf, SUPPORTED_DIALECTS, type SchemaCompiler } from './json-schema.dialect.js';
import { extensionKeywords, keywordProblems } from './json-schema.keywords.js';
import type { JsonSchema } from './json.types.js';
import { describeViolation, pointerSegments } from './schema-violation.format.js';
import { SchemaError, type SchemaProblem } from './template.errors.js';
import { formatPath } from './value-path.format.js';

/** One way in which a value breaks its schema: `items[0].sku` is required. */
export interface SchemaViolation {
  /** From the value's root, which is the empty path; for a missing or forbidden property, the path of that property. */
  readonly path: string;
  readonly message: string;
}

/**
 * Checks a value, leaves it as it is, and tells every violation; none means that it fits. Messages name types and rules, but
 * never hold the value's own data, which may be secret.
 *
 * @param root put in front of every path: with `context`, `context.even_number`
 */
export type SchemaCheck = (value: unknown, root?: string) => readonly SchemaViolation[];

// Templates are frozen, so a schema object can't change under its compiled check. Steps of many templates say the same of their
// results, and share what is compiled for as long as one of them uses it.
const compiled = new WeakMap<JsonSchema, SchemaCheck>();
const compiledByText = new Map<string, WeakRef<SchemaCheck>>();
const forgotten = new FinalizationRegistry((text: string) => {
  if (compiledByText.get(text)?.deref() === undefined) compiledByText.delete(text);
});

/**
 * Compiles a JSON Schema: draft-07, or 2020-12 where `$schema` says so. Nothing is fetched: `$ref` stays within the schema.
 * A frozen schema is compiled once, and so are frozen schemas that read the same.
 *
 * @throws SchemaError with everything that is wrong with the schema
 */
export function compileSchema(schema: JsonSchema): SchemaCheck {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  if (!Object.isFrozen(schema)) return checkWith(compile(schema));
  const check = compileOnce(schema);
  compiled.set(schema, check);
  return check;
}

function compileOnce(schema: JsonSchema): SchemaCheck {
  const text = JSON.stringify(schema);
  const shared = compiledByText.get(text)?.deref();
  if (shared !== undefined) return shared;
  const check = checkWith(compile(schema));
  compiledByText.set(text, new WeakRef(check));
  forgotten.register(check, text);
  return check;
}

function compile(schema: JsonSchema): ValidateFunction {
  const dialect = dialectOf(schema);
  if (dialect === null) {
    throw new SchemaError([{ segments: ['$schema'], message: `expected ${SUPPORTED_DIALECTS}` }]);
  }
  const compiler = dialect.compiler(schema);
  const problems = [...keywordProblems(schema, dialect), ...metaSchemaProblems(schema, compiler)];
  if (problems.length > 0) throw new SchemaError(problems);
  try {
    return compiler.compile(schema, extensionKeywords(schema));
  } catch (error) {
    throw new SchemaError([
      { segments: [], message: error instanceof Error ? error.message : String(error) },
    ]);
  }
}

/** One problem a place: for `type: integr` the meta-schema alone has three to tell. */
function metaSchemaProblems(
  schema: JsonSchema,
  { metaSchemaCheck }: SchemaCompiler,
): readonly SchemaProblem[] {
  if (metaSchemaCheck(schema)) return [];
  const byPlace = new Map<string, ErrorObject[]>();
  for (const error of metaSchemaCheck.errors ?? []) {
    byPlace.set(error.instancePath, [...(byPlace.get(error.instancePath) ?? []), error]);
  }
  return [...byPlace].map(([pointer, errors]) => ({
    segments: pointerSegments(pointer, schema),
    message: [
      ...new Set(withoutUmbrella(errors).map((error) => describeViolation(error, schema).message)),
    ].join('; or '),
  }));
}

/** "must match a schema in anyOf" says nothing beside what the schemas in it say. */
function withoutUmbrella(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const telling = errors.filter((error) => error.keyword !== 'anyOf');
  return telling.length > 0 ? telling : errors;
}

function checkWith(validate: ValidateFunction): SchemaCheck {
  return (value, root = '') => {
    try {
      if (validate(value)) return [];
    } catch (error) {
      // A schema that refers to itself walks as deep as the value goes.
      if (error instanceof RangeError) return [{ path: root, message: 'is nested too deeply to be checked' }];
      throw error;
    }
    return (validate.errors ?? []).map((error) => {
      const { segments, message } = describeViolation(error, value);
      return { path: formatPath(segments, root), message };
    });
  };
}
