import { expect } from '@jest/globals';
import { Ajv } from 'ajv';

import { SCHEMAS } from './schemas.js';
import type { SchemaName } from './schemas.js';

const ajv = new Ajv({ strict: true, allErrors: true, strictRequired: true });
const checks = Object.fromEntries(
  Object.entries(SCHEMAS).map(([name, schema]) => [name, ajv.compile(schema)]),
);

/** Fails with everything that keeps the value from being what the contract says. */
export function expectContract(name: SchemaName, value: unknown): void {
  const check = checks[name];
  if (check === undefined) throw new Error(`No schema is called ${name}`);
  check(value);
  expect(
    (check.errors ?? []).map(({ instancePath, message }) => `${name}${instancePath} ${message}`),
  ).toEqual([]);
}
