import { compileSchema } from './json-schema.compiler.js';
import { frozen } from './deep.freezer.js';
import type { JsonSchema } from './json.types.js';
import { SchemaError } from './template.errors.js';
import type { Cursor } from './value.cursor.js';
import { jsonObject } from './value.readers.js';

/** A JSON Schema that compiles; what is wrong with it is reported at its place inside the schema. */
export function schema(cursor: Cursor): JsonSchema {
  // Frozen before it is compiled, so that the check compiled here serves the template's tasks too.
  const candidate = frozen(jsonObject(cursor));
  if (cursor.value.kind !== 'map') return candidate;
  try {
    compileSchema(candidate);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    for (const { segments, message } of error.problems) cursor.descend(segments).report(message);
  }
  return candidate;
}
