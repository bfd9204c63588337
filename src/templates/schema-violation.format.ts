import type { ErrorObject } from 'ajv';
import type { PathSegment } from './value-path.format.js';

const MOST_LISTED = 20;
const LONGEST_VALUE_SHOWN = 200;

export interface DescribedViolation {
  readonly segments: readonly PathSegment[];
  readonly message: string;
}

/** One ajv error in words, with the path of the property that it is about. */
export function describeViolation(error: ErrorObject, root: unknown): DescribedViolation {
  const segments = pointerSegments(error.instancePath, root);
  const property = propertyMeant(error);
  return {
    segments: property === null ? segments : [...segments, property],
    message: messageOf(error, valueAt(root, segments)),
  };
}

/** `/items/0/sku` as `['items', 0, 'sku']`: only the value tells whether `0` is an index or a key. */
export function pointerSegments(pointer: string, root: unknown): readonly PathSegment[] {
  const segments: PathSegment[] = [];
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const segment = Array.isArray(value) ? Number(key) : key;
    segments.push(segment);
    value = valueAt(value, [segment]);
  }
  return segments;
}

/** ajv reports these at the object; the user looks for the property. */
function propertyMeant({ keyword, params }: ErrorObject): string | null {
  switch (keyword) {
    case 'required':
    case 'dependentRequired':
    case 'dependencies':
      return stringParam(params, 'missingProperty');
    case 'additionalProperties':
      return stringParam(params, 'additionalProperty');
    case 'unevaluatedProperties':
      return stringParam(params, 'unevaluatedProperty');
    case 'propertyNames':
      return stringParam(params, 'propertyName');
    default:
      return null;
  }
}

function messageOf({ keyword, params, message }: ErrorObject, value: unknown): string {
  switch (keyword) {
    case 'required':
      return 'is required';
    case 'dependentRequired':
    case 'dependencies':
      return `is required where ${stringParam(params, 'property') ?? 'its companion'} is given`;
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return 'is not allowed here';
    case 'propertyNames':
      return 'is not an allowed name';
    case 'type':
      return `expected ${listed(param(params, 'type'), ' or ')}, got ${typeName(value)}`;
    case 'enum':
      return `expected one of ${listed(param(params, 'allowedValues'), ', ')}`;
    case 'const':
      return `expected ${shown(param(params, 'allowedValue'))}`;
    default:
      return message ?? `breaks the rule ${keyword}`;
  }
}

function listed(values: unknown, separator: string): string {
  if (!Array.isArray(values)) return String(values);
  const words = values.slice(0, MOST_LISTED).map(shown);
  return words.join(separator) + (values.length > MOST_LISTED ? `${separator}…` : '');
}

/** A value of the schema. */
function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE_SHOWN ? `${text.slice(0, LONGEST_VALUE_SHOWN)}…` : text;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && !Number.isInteger(value) ? 'a number with decimals' : typeof value;
}

function valueAt(root: unknown, segments: readonly PathSegment[]): unknown {
  let value: unknown = root;
  for (const segment of segments) value = param(value, String(segment));
  return value;
}

function stringParam(params: unknown, name: string): string | null {
  const value = param(params, name);
  return typeof value === 'string' ? value : null;
}

function param(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const own = Object.getOwnPropertyDescriptor(value, name);
  return own?.value;
}
