import process from 'node:process';

import { parseStrictJson } from '../../src/http/strict-json.parser.js';
import { compileSchema } from '../../src/templates/index.js';
import type { JsonSchema } from '../../src/templates/index.js';
import { median } from '../measures/index.js';
import type { Measurements } from '../measures/index.js';

const BODY = 1_000_000;
const ROUNDS = 5;

interface HostileBody {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly text: string;
}

const ITEM = { type: 'object', required: ['sku', 'quantity', 'price'] };

/** Bodies of 1 MB that are made to cost time. */
const BODIES: readonly HostileBody[] = [
  { name: 'items without their fields', schema: { items: ITEM }, text: listOf('{}') },
  { name: 'items above maxItems', schema: { items: ITEM, maxItems: 50 }, text: listOf('{}') },
  { name: 'unknown keys', schema: { additionalProperties: false }, text: keyed() },
  { name: 'a pattern that backtracks', schema: { pattern: '^(a+)+$' }, text: `"${'a'.repeat(BODY)}!"` },
  {
    name: 'short texts with a pattern',
    schema: { items: { pattern: '^[A-Z]+-\\d+$' } },
    text: listOf('"A-1"'),
  },
  { name: 'uniqueItems over lists', schema: { uniqueItems: true }, text: listOf(null) },
  { name: 'a url of colons', schema: { format: 'url' }, text: `"http://a${'::'.repeat(30_000)}"` },
  { name: 'references that multiply', schema: multiplying(), text: `${'['.repeat(31)}1${']'.repeat(31)}` },
];

/**
 * What reading and checking each body costs the event loop at a stretch, as CPU time: nothing else is served meanwhile. The
 * median of five rounds.
 */
export function measureHostileBodies(measurements: Measurements): void {
  for (const { name, schema, text } of BODIES) {
    const check = compileSchema(schema);
    const costs = Array.from({ length: ROUNDS }, () => {
      const began = cpuMilliseconds();
      const value = parseStrictJson(text);
      const parsed = cpuMilliseconds();
      check(value, 'context');
      return { parse: parsed - began, check: cpuMilliseconds() - parsed };
    });
    measurements.add('tasker-nest', name, 'check_hold', median(costs.map((cost) => cost.check)), 'ms');
    measurements.add('tasker-nest', name, 'parse_hold', median(costs.map((cost) => cost.parse)), 'ms');
  }
}

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** @param item in JSON; null: a list with its own place in it */
function listOf(item: string | null): string {
  const length = Math.floor(BODY / ((item?.length ?? 8) + 1));
  return `[${Array.from({ length }, (_, place) => item ?? `[${place}]`).join(',')}]`;
}

function keyed(): string {
  return `{${Array.from({ length: 80_000 }, (_, place) => `"k${place}":1`).join(',')}}`;
}

function multiplying(): JsonSchema {
  const alternative = { type: 'array', items: { $ref: '#/definitions/node' } };
  const node = { anyOf: [alternative, alternative, alternative, alternative] };
  return { $ref: '#/definitions/node', definitions: { node } };
}
