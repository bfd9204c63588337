import { isJsonList, isJsonObject } from '../../templates/json.guards.js';
import type { JsonObject, JsonValue } from '../../templates/index.js';

const OBJECT_KEYWORDS = ['properties', 'required', 'additionalProperties', 'patternProperties'];
const ARRAY_KEYWORDS = ['items', 'prefixItems'];
const COMBINING_KEYWORDS = ['$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'const', 'enum'];

/** The types that a schema allows: `type`, else those that its keywords speak of; null where nothing tells. */
export function schemaTypes(schema: JsonObject): readonly string[] | null {
  const { type = null, nullable = false } = schema;
  const types = isJsonList(type) ? type : [type];
  const declared = types.filter((name) => typeof name === 'string');
  const known = declared.length > 0 ? declared : impliedTypes(schema);
  if (known.length === 0) return null;
  return nullable === true ? [...known, 'null'] : known;
}

/** Whether a value is of one of the types. */
export function admitsType(types: readonly string[], value: JsonValue): boolean {
  const type = typeName(value);
  return types.includes(type) || (type === 'number' && types.includes('integer') && Number.isInteger(value));
}

/** Whether an interface says all that there is to say: it names properties, and can be nothing but an object. */
export function isPlainObjectSchema(schema: JsonObject): boolean {
  const types = schemaTypes(schema);
  if (types?.length !== 1 || types[0] !== 'object' || hasAny(schema, COMBINING_KEYWORDS)) return false;
  return propertyNames(schema).length > 0;
}

/** The properties that the schema names, required ones without a schema of their own last. */
export function propertyNames({ properties = {}, required = [] }: JsonObject): readonly string[] {
  const described = isJsonObject(properties) ? Object.keys(properties) : [];
  const demanded = isJsonList(required) ? required.filter((name) => typeof name === 'string') : [];
  return [...new Set([...described, ...demanded])];
}

function impliedTypes(schema: JsonObject): readonly string[] {
  return [
    ...(hasAny(schema, OBJECT_KEYWORDS) ? ['object'] : []),
    ...(hasAny(schema, ARRAY_KEYWORDS) ? ['array'] : []),
  ];
}

function hasAny(schema: JsonObject, keywords: readonly string[]): boolean {
  return keywords.some((keyword) => Object.hasOwn(schema, keyword));
}

function typeName(value: JsonValue): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
