import { describe, expect, it } from '@jest/globals';
import { validate, version } from 'uuid';

import { attemptTokens } from './attempt-tokens.js';

describe('Attempt tokens', () => {
  it('are random uuids, as many as were asked for, and all different', () => {
    const tokens = attemptTokens(500).map((digits) =>
      digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    );
    expect(tokens).toHaveLength(500);
    expect(tokens.filter((token) => !validate(token) || version(token) !== 4)).toEqual([]);
    expect(new Set([...tokens, ...attemptTokens(500)]).size).toBe(1_000);
    expect(attemptTokens(0)).toEqual([]);
  });
});
