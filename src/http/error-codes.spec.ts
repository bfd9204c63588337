import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { STATUS_OF_CODE } from './error-codes.js';

it('docs/rest-api.md has every code of an error, with its status', () => {
  const rows = readFileSync('docs/rest-api.md', 'utf8').matchAll(/^\| `([A-Z_]+)`\s*\| (\d{3})\s*\|/gm);
  const documented = Array.from(rows, ([, code = '', status]) => [code, Number(status)] as const);
  expect(Object.fromEntries(documented)).toEqual(STATUS_OF_CODE);
});
