import type { JsonList, JsonObject } from '../../engine/index.js';

// For values out of JSON, as all of a context is: what is in such an object or list is JSON, too.

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is JsonList {
  return Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}
