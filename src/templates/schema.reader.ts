import { compileSchema } from './json-schema.compiler.js';
import { frozen } from './deep.freezer.js';
import { isJsonList, isJsonObject } from './json.guards.js';
import type { JsonSchema, JsonValue } from './json.types.js';
import { SchemaError, type SchemaProblem } from './template.errors.js';
import type { Cursor } from './value.cursor.js';
import { jsonObject } from './value.readers.js';

/**
 * A JSON Schema that compiles; what is wrong with it is reported at its place inside the schema. If unknown keys are ignored, it
 * comes without the keywords that no JSON Schema has.
 */
export function schema(cursor: Cursor): JsonSchema {
  // Frozen before it is compiled, so that the check compiled here serves the template's tasks too.
  const candidate = frozen(jsonObject(cursor));
  if (cursor.value.kind !== 'map') return candidate;
  const problems = problemsOf(candidate);
  if (!cursor.ignoresUnknownKeys || !problems.some(isUnknownKeyword)) {
    report(problems, cursor);
    return candidate;
  }
  const unknown = problems.filter(isUnknownKeyword);
  const known = frozen(withoutKeywords(candidate, unknown));
  report([...unknown, ...problemsOf(known)], cursor);
  return known;
}

function problemsOf(candidate: JsonSchema): readonly SchemaProblem[] {
  try {
    compileSchema(candidate);
    return [];
  } catch (error) {
    if (error instanceof SchemaError) return error.problems;
    throw error;
  }
}

function report(problems: readonly SchemaProblem[], cursor: Cursor): void {
  for (const problem of problems) {
    const place = cursor.descend(problem.segments);
    if (isUnknownKeyword(problem)) place.reportUnknownKey(problem.message);
    else place.report(problem.message);
  }
}

function isUnknownKeyword(problem: SchemaProblem): boolean {
  return problem.isUnknownKeyword === true;
}

function withoutKeywords(candidate: JsonSchema, unknown: readonly SchemaProblem[]): JsonSchema {
  const dropped = new Set(unknown.map(({ segments }) => JSON.stringify(segments)));
  const copy = (value: JsonValue, at: readonly (string | number)[]): JsonValue => {
    if (isJsonList(value)) return value.map((item, index) => copy(item, [...at, index]));
    return isJsonObject(value) ? copyObject(value, at) : value;
  };
  const copyObject = (value: JsonSchema, at: readonly (string | number)[]): JsonSchema =>
    Object.fromEntries(
      Object.entries(value)
        .map(([key, item]) => [key, [...at, key], item] as const)
        .filter(([, place]) => !dropped.has(JSON.stringify(place)))
        .map(([key, place, item]) => [key, copy(item, place)]),
    );
  return copyObject(candidate, []);
}
