import type { ErrorObject, ValidateFunction } from 'ajv';
import {
  dialectOf,
  SUPPORTED_DIALECTS,
  type CompiledSchema,
  type SchemaCompiler,
} from './json-schema.dialect.js';
import { extensionKeywords, keywordProblems } from './json-schema.keywords.js';
import type { JsonSchema } from './json.types.js';
import { describeViolation, pointerSegments } from './schema-violation.format.js';
import { TextTooLongError } from './linear-pattern.js';
import { SchemaError, type SchemaProblem } from './template.errors.js';
import { formatPath } from './value-path.format.js';
import {
  CheckSteps,
  EnoughViolationsError,
  TooManyStepsError,
  ViolationCollector,
} from './violation.collector.js';

/** This many violations of one value are described; one more in the list says that there are more. */
export const MOST_VIOLATIONS = 100;
/** The paths of all violations together are about so long, in characters. */
const LONGEST_PATHS = 100_000;

/** One way in which a value breaks its schema: `items[0].sku` is required. */
export interface SchemaViolation {
  /** From the value's root, which is the empty path; for a missing or forbidden property, the path of that property. */
  readonly path: string;
  readonly message: string;
}

/**
 * Checks a value, leaves it as it is, and tells its violations; none means that it fits. It looks no further than to the 101st:
 * a list of more than `MOST_VIOLATIONS` says that there may be any number. Messages name types and rules, but never hold the
 * value's own data, which may be secret.
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

function compile(schema: JsonSchema): CompiledSchema {
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
  if (metaSchemaCheck.call(new ViolationCollector(schema, Number.POSITIVE_INFINITY), schema)) return [];
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

function checkWith({ fits, explain }: CompiledSchema): SchemaCheck {
  let explaining: ValidateFunction | undefined;
  return (value, root = '') => {
    try {
      if (fits.call(new CheckSteps(value), value)) return [];
      const first = fits.errors ?? [];
      explaining ??= explain();
      return describe(violationsOf(explaining, value, first), value, root);
    } catch (error) {
      const message = refusal(error);
      if (message === null) throw error;
      return [{ path: root, message }];
    }
  };
}

/** Why a value could not be checked to its end; null for any other error. */
function refusal(error: unknown): string | null {
  // A schema that refers to itself walks as deep as the value goes.
  if (error instanceof RangeError) return 'is nested too deeply to be checked';
  if (error instanceof TooManyStepsError) return 'takes too many steps to be checked against its schema';
  if (error instanceof TextTooLongError)
    return 'holds a text that is too long for the pattern it has to match';
  return null;
}

/** @param first what the check that ends early has found */
function violationsOf(
  check: ValidateFunction,
  value: unknown,
  first: readonly ErrorObject[],
): readonly ErrorObject[] {
  const collector = new ViolationCollector(value, MOST_VIOLATIONS);
  try {
    return check.call(collector, value) ? first : (check.errors ?? first);
  } catch (error) {
    if (!(error instanceof EnoughViolationsError)) throw error;
    return collector.found.length > 0 ? collector.found : first;
  } finally {
    // ajv keeps the violations of the last check, and with them parts of the value.
    check.errors = null;
  }
}

function describe(errors: readonly ErrorObject[], value: unknown, root: string): readonly SchemaViolation[] {
  const violations: SchemaViolation[] = [];
  let characters = 0;
  for (const error of errors) {
    if (violations.length > MOST_VIOLATIONS || characters > LONGEST_PATHS) break;
    const { segments, message } = describeViolation(error, value);
    violations.push({ path: formatPath(segments, root), message });
    characters += error.instancePath.length;
  }
  return violations;
}
