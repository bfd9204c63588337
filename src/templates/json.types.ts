/** What JSON can hold, and what PostgreSQL's `jsonb` gives back: the only data that templates carry. */
export type JsonValue = null | boolean | number | string | JsonList | JsonObject;

export type JsonList = readonly JsonValue[];

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** A JSON Schema, draft-07 unless its `$schema` says 2020-12. Only a schema that compiled ends up in a template. */
export type JsonSchema = JsonObject;
