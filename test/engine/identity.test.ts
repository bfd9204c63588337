import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { v4 as uuidV4, v7 as uuidV7 } from 'uuid';

import { stepIndexOf, stepUuid, taskIdentity } from '../../src/engine/index.js';
import type { JsonObject, JsonValue, TaskRequest } from '../../src/engine/index.js';
import { parseTemplate } from '../../src/templates/index.js';
import type { TaskTemplate } from '../../src/templates/index.js';
import { CoreDatabase } from './core-database.js';

let core: CoreDatabase;

beforeAll(async () => {
  core = await CoreDatabase.create();
});

afterAll(() => core.drop());

const uuids = fc.oneof(
  fc.uuid(),
  fc.constant(null).map(() => uuidV7()),
  fc.constantFrom('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
);
const places = fc.oneof(fc.integer({ min: 0, max: 32_766 }), fc.constantFrom(0, 254, 255, 256, 32_766));

describe('The id of a step', () => {
  it('is the same by SQL as by TypeScript, leads back to its place, and is a valid version 8 uuid', async () => {
    await fc.assert(
      fc.asyncProperty(uuids, places, async (task, place) => {
        const [row] = await core.rows<{ id: string }>('SELECT tasker.step_uuid($1, $2) AS id', [task, place]);
        const id = stepUuid(task, place);
        expect(row?.id).toBe(id);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
        expect(stepIndexOf(task, id)).toBe(place);
        expect(stepIndexOf(task, id.toUpperCase())).toBe(place);
        expect(stepIndexOf(task.toUpperCase(), id)).toBe(place);
      }),
    );
  });

  it('differs for every place, and from the id of its task', () => {
    const task = uuidV7();
    const ids = Array.from({ length: 32_767 }, (_, place) => stepUuid(task, place));
    expect(new Set([...ids, task]).size).toBe(32_768);
  });

  it('is no step of any other task', () => {
    fc.assert(
      fc.property(uuids, uuids, places, (task, other, place) => {
        fc.pre(task.slice(0, 32) !== other.slice(0, 32));
        expect(stepIndexOf(other, stepUuid(task, place))).toBeNull();
        expect(stepIndexOf(task, task)).toBeNull();
        expect(stepIndexOf(task, uuidV4())).toBeNull();
      }),
    );
  });
});

describe('What makes two requests the same', () => {
  const strict = templateWith('strict');
  const keyed = templateWith('caller_provided');

  it('is their context, in whatever order its keys come, at every level', () => {
    const contexts = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(contexts, (context) => {
        const straight: JsonObject = JSON.parse(JSON.stringify(context));
        expect(taskIdentity(strict, request(turned(straight)))).toEqual(
          taskIdentity(strict, request(straight)),
        );
      }),
    );
  });

  it('and nothing less: another value, another place, another type is another request', () => {
    const contexts: JsonObject[] = [
      {},
      { a: 1 },
      { a: '1' },
      { a: [1, 2] },
      { a: [2, 1] },
      { a: { b: 1 } },
      { 'a.b': 1 },
      { a: null },
      { a: 1, b: null },
    ];
    const hashes = contexts.map((context) => taskIdentity(strict, request(context)).requestHash);
    expect(new Set(hashes).size).toBe(contexts.length);
  });

  it('is their version too for the context, but not for the key', () => {
    const [one, two] = [templateWith('strict'), templateWith('strict', '2.0.0')].map((template) =>
      taskIdentity(template, request({ a: 1 }, 'key')),
    );
    expect(one?.requestHash).not.toBe(two?.requestHash);
    expect(one?.idempotencyHash).toBe(two?.idempotencyHash);
    expect(one?.idempotencyHash).not.toBe(taskIdentity(strict, request({ a: 1 }, 'yek')).idempotencyHash);
  });

  it('follows the template’s strategy', () => {
    expect(taskIdentity(strict, request({}))).toMatchObject({
      uniqueRequest: true,
      idempotencyHash: undefined,
    });
    expect(taskIdentity(keyed, request({}, 'key'))).toMatchObject({ uniqueRequest: false });
    expect(taskIdentity(templateWith('always_unique'), request({}))).toEqual({
      requestHash: undefined,
      uniqueRequest: false,
      idempotencyHash: undefined,
    });
  });
});

function templateWith(strategy: string, version = '1.0.0'): TaskTemplate {
  return parseTemplate(
    `
namespace_name: tests
name: identity
version: ${version}
identity_strategy: ${strategy}
steps:
  - name: only
    handler:
      callable: only
`,
    'identity.yaml',
  );
}

/** The same object with the keys of every object in it in the opposite order. */
function turned(object: JsonObject): JsonObject {
  const entries = Object.entries(object).toReversed();
  return Object.fromEntries(entries.map(([key, value]) => [key, turnedValue(value)]));
}

function turnedValue(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(turnedValue);
  return isObject(value) ? turned(value) : value;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function request(context: JsonObject, idempotencyKey?: string): TaskRequest {
  const asked = { namespace: 'tests', name: 'identity', version: '1.0.0', context };
  return idempotencyKey === undefined ? asked : { ...asked, idempotencyKey };
}
