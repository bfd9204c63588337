import { isJsonList, isJsonObject } from '../../templates/json.guards.js';
import type { JsonObject, JsonSchema, JsonValue } from '../../templates/index.js';

// Only there so that relative references have something to be relative to; nothing is ever fetched.
const BASE = 'schema://template/';

/** Finds what `$ref` means inside one schema: JSON pointers, anchors, and the `$id`s of schemas within it. */
export class SchemaReferenceResolver {
  private readonly resources = new Map<string, JsonValue>();
  private readonly bases = new Map<JsonObject, string>();

  constructor(root: JsonSchema) {
    this.resources.set(BASE, root);
    this.index(root, BASE);
  }

  /** The schema that `reference`, standing in `schema`, means; undefined where it can't be told. */
  resolve(reference: string, schema: JsonObject): JsonValue | undefined {
    const url = absolute(reference, this.bases.get(schema) ?? BASE);
    const known = url === null ? undefined : this.resources.get(url);
    if (url === null || known !== undefined) return known;
    const [resource, pointer = ''] = url.split('#');
    const start = this.resources.get(resource ?? '');
    return start === undefined ? undefined : followPointer(start, pointer);
  }

  private index(value: JsonValue, base: string): void {
    if (isJsonList(value)) for (const item of value) this.index(item, base);
    if (!isJsonObject(value)) return;
    const { $id = null, $anchor = null, $dynamicAnchor = null } = value;
    const ownBase = this.add($id, base, value) ?? base;
    // In draft-07 an `$id` that is only a fragment is what `$anchor` is later.
    const inner = ownBase.includes('#') ? base : ownBase;
    for (const anchor of [$anchor, $dynamicAnchor])
      if (typeof anchor === 'string') this.add(`#${anchor}`, inner, value);
    this.bases.set(value, inner);
    for (const part of Object.values(value)) this.index(part, inner);
  }

  private add(reference: JsonValue, base: string, schema: JsonObject): string | null {
    const url = typeof reference === 'string' ? absolute(reference, base) : null;
    if (url !== null) this.resources.set(url, schema);
    return url;
  }
}

function absolute(reference: string, base: string): string | null {
  if (!URL.canParse(reference, base)) return null;
  return new URL(reference, base).href.replace(/#$/, '');
}

function followPointer(start: JsonValue, pointer: string): JsonValue | undefined {
  let value: JsonValue | undefined = start;
  for (const token of pointer.split('/').slice(1)) {
    const key = decoded(token).replaceAll('~1', '/').replaceAll('~0', '~');
    if (value === undefined) return undefined;
    if (isJsonList(value)) value = value[Number(key)];
    else value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value;
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}
