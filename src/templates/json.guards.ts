import type { JsonList, JsonObject, JsonValue } from './json.types.js';

// `Array.isArray` alone does not narrow a readonly array.
export function isJsonList(value: JsonValue): value is JsonList {
  return Array.isArray(value);
}

export function isJsonObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
