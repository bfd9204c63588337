import { isJsonList, isJsonObject } from '../../templates/json.guards.js';
import type { JsonList, JsonObject, JsonSchema, JsonValue } from '../../templates/index.js';
import { withoutAliasCircles } from './alias-circle.breaker.js';
import { admitsType, isPlainObjectSchema, propertyNames, schemaTypes } from './schema-shape.js';
import { SchemaReferenceResolver } from './schema-reference.resolver.js';
import { itemName, pascalCase, type TypeNameAllocator } from './type-name.allocator.js';
import {
  BOOLEAN,
  intersectionOf,
  listingUnionOf,
  JSON_OBJECT,
  JSON_VALUE,
  NEVER,
  NULL,
  NUMBER,
  STRING,
  UNDEFINED,
  unionOf,
} from './type-node.builders.js';
import type { Declaration, InterfaceDeclaration, Property, TupleItem, TypeNode } from './type-node.types.js';

/**
 * Turns one JSON Schema into TypeScript declarations. What a type can't say (ranges, patterns, conditions) is left out, so
 * the type takes in every value that the schema does, but for two things on purpose: an object that merely allows further
 * properties gets no index signature, or every misspelled property would pass the compiler; and keywords that speak of
 * objects, or of arrays, without a `type` are taken to mean just those.
 */
export class SchemaTypeConverter {
  private readonly references: SchemaReferenceResolver;
  /** Names of the schemas that are declared, or about to be. */
  private readonly named = new Map<JsonObject, string>();
  /** In the order in which they were begun, so that a type stands before its parts. */
  private readonly declared = new Map<string, Declaration | null>();

  constructor(
    private readonly schema: JsonSchema,
    private readonly rootName: string,
    private readonly names: TypeNameAllocator,
  ) {
    this.references = new SchemaReferenceResolver(schema);
  }

  /** The root name's declaration, then those that it is made of. */
  declarations(doc: string): readonly Declaration[] {
    this.declare(this.schema, this.rootName, doc);
    return withoutAliasCircles([...this.declared.values()].filter((declaration) => declaration !== null));
  }

  private declare(schema: JsonObject, name: string, doc: string | null): void {
    this.named.set(schema, name);
    this.declared.set(name, null);
    const declaration: Declaration = isPlainObjectSchema(schema)
      ? this.interfaceOf(schema, name, name, doc)
      : { kind: 'alias', name, doc, type: this.typeOfParts(schema, name, null) };
    this.declared.set(name, declaration);
  }

  /** @param wish what to call the type if it needs a declaration of its own; its parts are called after it */
  private typeOf(schema: JsonValue, wish: string, doc: string | null): TypeNode {
    if (!isJsonObject(schema)) return schema === false ? NEVER : JSON_VALUE;
    const name = this.named.get(schema);
    if (name !== undefined) return { kind: 'name', name };
    return this.typeOfParts(schema, wish, doc);
  }

  /** A schema's keywords all hold at once: so do the types that they stand for. */
  private typeOfParts(schema: JsonObject, wish: string, doc: string | null): TypeNode {
    const { allOf, anyOf, oneOf } = schema;
    const all = (parts: JsonValue | undefined, suffix: string) =>
      listOf(parts).map((part, index) => this.typeOf(part, `${wish}${suffix}${index + 1}`, null));
    return intersectionOf([
      this.ownType(schema, wish, doc),
      this.referencedType(schema),
      ...all(allOf, 'Part'),
      ...(anyOf === undefined ? [] : [unionOf(all(anyOf, 'Option'))]),
      ...(oneOf === undefined ? [] : [unionOf(all(oneOf, 'Option'))]),
    ]);
  }

  private referencedType(schema: JsonObject): TypeNode {
    const reference = schema['$ref'] ?? schema['$dynamicRef'];
    if (typeof reference !== 'string') return JSON_VALUE;
    const target = this.references.resolve(reference, schema);
    if (target === undefined) return JSON_VALUE;
    if (isJsonObject(target) && !this.named.has(target)) {
      const name = this.names.take(this.rootName + pascalCase(reference.split(/[/#]/).at(-1) ?? ''));
      this.declare(target, name, docOf(target));
    }
    return this.typeOf(target, this.rootName, null);
  }

  private ownType(schema: JsonObject, wish: string, doc: string | null): TypeNode {
    const types = schemaTypes(schema);
    const values = Object.hasOwn(schema, 'const') ? [schema['const'] ?? null] : schema['enum'];
    if (values !== undefined) {
      const allowed = listOf(values).filter((value) => types === null || admitsType(types, value));
      return unionOf(allowed.map((value) => this.literalType(value, wish)));
    }
    if (types === null) return JSON_VALUE;
    return unionOf(types.map((type) => this.typeCalled(type, schema, wish, doc)));
  }

  private typeCalled(type: string, schema: JsonObject, wish: string, doc: string | null): TypeNode {
    switch (type) {
      case 'string':
        return STRING;
      case 'integer':
      case 'number':
        return NUMBER;
      case 'boolean':
        return BOOLEAN;
      case 'null':
        return NULL;
      case 'array':
        return this.arrayType(schema, wish);
      case 'object':
        return this.objectType(schema, wish, doc);
      default:
        return JSON_VALUE;
    }
  }

  /** A list of schemas describes the first items one by one: `prefixItems`, in draft-07 `items`. */
  private arrayType(schema: JsonObject, wish: string): TypeNode {
    const { items = true, prefixItems, additionalItems = true, minItems = 0, maxItems } = schema;
    const [first, others] = isJsonList(items) ? [items, additionalItems] : [listOf(prefixItems), items];
    const rest = this.typeOf(others, itemName(wish), null);
    if (first.length === 0 && rest !== NEVER) return { kind: 'array', item: rest };
    const isFull = rest === NEVER || (typeof maxItems === 'number' && maxItems <= first.length);
    return {
      kind: 'tuple',
      items: first.map((item, index): TupleItem => ({
        type: this.typeOf(item, `${wish}Item${index + 1}`, null),
        isOptional: typeof minItems !== 'number' || index >= minItems,
      })),
      rest: isFull ? null : rest,
    };
  }

  private objectType(schema: JsonObject, wish: string, doc: string | null): TypeNode {
    if (propertyNames(schema).length === 0) {
      const value = this.otherPropertiesType(schema, itemName(wish));
      return value === null ? JSON_OBJECT : { kind: 'dictionary', value };
    }
    const name = this.names.take(this.declared.has(wish) ? `${wish}Object` : wish);
    // Otherwise the name stands for a part of the schema only: a schema of "object or null" is not the object.
    if (isPlainObjectSchema(schema)) this.named.set(schema, name);
    this.declared.set(name, null);
    this.declared.set(name, this.interfaceOf(schema, name, wish, doc));
    return { kind: 'name', name };
  }

  private interfaceOf(
    schema: JsonObject,
    name: string,
    wish: string,
    doc: string | null,
  ): InterfaceDeclaration {
    const { properties = {}, required } = schema;
    const requiredNames = new Set(listOf(required));
    const members = propertyNames(schema).map((property): Property => {
      const own =
        isJsonObject(properties) && Object.hasOwn(properties, property) ? properties[property] : true;
      return {
        name: property,
        doc: docOf(own),
        isOptional: !requiredNames.has(property),
        type: this.typeOf(own ?? true, wish + pascalCase(property), null),
      };
    });
    const index = indexType(this.otherPropertiesType(schema, `${wish}Value`), members);
    return { kind: 'interface', name, doc, properties: members, index };
  }

  /** What properties hold that have no schema under their name; null where they may hold anything. */
  private otherPropertiesType(schema: JsonObject, wish: string): TypeNode | null {
    const { additionalProperties = true, patternProperties = {} } = schema;
    if (additionalProperties === true) return null;
    const patterns = isJsonObject(patternProperties) ? Object.values(patternProperties) : [];
    const type = unionOf([...patterns, additionalProperties].map((part) => this.typeOf(part, wish, null)));
    return type === JSON_VALUE ? null : type;
  }

  private literalType(value: JsonValue, wish: string): TypeNode {
    if (value === null) return NULL;
    if (typeof value !== 'object') return { kind: 'literal', value };
    if (isJsonList(value)) {
      const items = value.map((item, index): TupleItem => ({
        type: this.literalType(item, `${wish}Item${index + 1}`),
        isOptional: false,
      }));
      return { kind: 'tuple', items, rest: null };
    }
    const entries = Object.entries(value);
    if (entries.length === 0) return { kind: 'dictionary', value: NEVER };
    const name = this.names.take(wish);
    this.declared.set(name, null);
    const properties = entries.map(([property, item]): Property => ({
      name: property,
      doc: null,
      isOptional: false,
      type: this.literalType(item, wish + pascalCase(property)),
    }));
    this.declared.set(name, { kind: 'interface', name, doc: null, properties, index: null });
    return { kind: 'name', name };
  }
}

/** TypeScript wants an index signature to take in the named properties too. */
function indexType(others: TypeNode | null, properties: readonly Property[]): TypeNode | null {
  if (others === null || (others === NEVER && properties.length > 0)) return null;
  const missing = properties.some(({ isOptional }) => isOptional) ? [UNDEFINED] : [];
  return listingUnionOf([others, ...properties.map(({ type }) => type), ...missing]);
}

function docOf(schema: JsonValue | undefined): string | null {
  if (schema === undefined || !isJsonObject(schema)) return null;
  const { description, title } = schema;
  return [description, title].find((text) => typeof text === 'string') ?? null;
}

function listOf(value: JsonValue | undefined): JsonList {
  return value !== undefined && isJsonList(value) ? value : [];
}
