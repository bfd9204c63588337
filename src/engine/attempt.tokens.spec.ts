import { describe, expect, it } from '@jest/globals';
import { validate, version } from 'uuid';

import { attemptTokens } from './attempt.tokens.js';

describe('Tokens of attempts', () => {
  it.each([0, 1, 2, 511, 512, 513, 5_000])('are random uuids, as many as asked for: %i', (count) => {
    const tokens = attemptTokens(count);
    expect(tokens).toHaveLength(count);
    expect(tokens.filter((token) => !validate(token) || version(token) !== 4)).toEqual([]);
  });

  it('come once, whatever the numbers asked for', () => {
    const counts = Array.from({ length: 500 }, (_, place) => place % 37);
    const tokens = counts.flatMap((count) => attemptTokens(count));
    expect(new Set(tokens).size).toBe(tokens.length);
    // Every digit but those of version and variant takes every value.
    for (const place of [0, 7, 9, 12, 15, 17, 20, 22, 24, 35]) {
      expect(new Set(tokens.map((token) => token.charAt(place))).size).toBe(16);
    }
  });

  it('stay what they were when others are made', () => {
    const tokens = attemptTokens(3);
    const before = [...tokens].join();
    attemptTokens(600);
    expect(tokens.join()).toBe(before);
  });
});
