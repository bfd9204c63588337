import { isJsonList } from './json.guards.js';
import type { JsonValue } from './json.types.js';
import type { LocatedValue, Position } from './located-value.types.js';

const STORED: Position = { line: 1, column: 1 };

/** A stored definition in the form that the template readers take; it has no text, so every place is 1:1. */
export function locateStoredJson(value: JsonValue): LocatedValue {
  if (value === null || typeof value !== 'object') {
    return { kind: 'scalar', value, source: String(value), position: STORED };
  }
  if (isJsonList(value)) return { kind: 'list', items: value.map(locateStoredJson), position: STORED };
  const entries = Object.entries(value).map(([key, item]) => ({
    key,
    position: STORED,
    value: locateStoredJson(item),
  }));
  return { kind: 'map', entries, position: STORED };
}
