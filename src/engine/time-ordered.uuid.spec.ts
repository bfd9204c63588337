import { describe, expect, it } from '@jest/globals';
import { validate, version } from 'uuid';

import { timeOrderedUuid } from './time-ordered.uuid.js';

describe('A time-ordered uuid', () => {
  it('is one of version 7, of now', () => {
    const before = Date.now();
    const uuid = timeOrderedUuid();
    expect(validate(uuid)).toBe(true);
    expect(version(uuid)).toBe(7);
    const milliseconds = Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16);
    expect(milliseconds).toBeGreaterThanOrEqual(before);
    expect(milliseconds).toBeLessThanOrEqual(Date.now());
  });

  it('comes after those before it, and none comes twice, however fast they are made', () => {
    const uuids = Array.from({ length: 50_000 }, timeOrderedUuid);
    expect(uuids.toSorted()).toEqual(uuids);
    expect(new Set(uuids).size).toBe(uuids.length);
    // What is random in them is not drawn once.
    expect(new Set(uuids.map((uuid) => uuid.slice(-10))).size).toBeGreaterThan(uuids.length - 10);
  });
});
