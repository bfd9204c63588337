import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import type { CoreConnection } from './core-connection.js';
import { CoreDatabase } from './core-database.js';
import { LONE_STEP } from './graphs.js';
import { failed } from './reports.js';
import type { RetryTerms } from './reports.js';

const NOON = new Date('2031-05-05T12:00:00.000Z');
const THOUSAND_YEARS_MS = 1000 * 365 * 24 * 3_600_000;

let core: CoreDatabase;
let worker: CoreConnection;
let template: number;

beforeAll(async () => {
  core = await CoreDatabase.create();
  worker = await core.connection();
  template = await core.template(LONE_STEP);
  await core.clock.freeze(NOON);
});

afterAll(() => core.drop());

/** Fails a new task's step once, as its `attempt`-th attempt, and answers with the milliseconds until it runs again. */
async function pauseAfter(attempt: number, terms: Partial<RetryTerms>): Promise<number | null> {
  const task = await worker.submit({ template_id: template });
  await core.rows('UPDATE tasker.steps SET attempts = $2 WHERE task_uuid = $1', [task, attempt - 1]);
  const { steps } = await worker.claim();
  await worker.complete(steps.map((step) => failed(step, { max_attempts: 1_000, ...terms })));
  const step = await core.step(task, 'only');
  await worker.cancel(task);
  if (step.state === 'enqueued') return 0;
  return step.next_retry_at === null ? null : step.next_retry_at.getTime() - NOON.getTime();
}

async function pauses(attempts: readonly number[], terms: Partial<RetryTerms>): Promise<(number | null)[]> {
  const all: (number | null)[] = [];
  for (const attempt of attempts) all.push(await pauseAfter(attempt, terms));
  return all;
}

describe('The pause before a retry', () => {
  it.each([
    ['none', [0, 0, 0, 0, 0, 0]],
    ['linear', [100, 200, 300, 400, 500, 600]],
    ['exponential', [100, 200, 400, 800, 1600, 3200]],
    ['fibonacci', [100, 100, 200, 300, 500, 800]],
  ])('with backoff %s grows as its name says', async (backoff, expected) => {
    expect(await pauses([1, 2, 3, 4, 5, 6], { backoff, base_ms: 100 })).toEqual(expected);
  });

  it.each([
    ['linear', [100, 200, 250, 250]],
    ['exponential', [100, 200, 250, 250]],
    ['fibonacci', [100, 100, 200, 250]],
  ])('with backoff %s ends at the cap', async (backoff, expected) => {
    expect(await pauses([1, 2, 3, 4], { backoff, base_ms: 100, cap_ms: 250 })).toEqual(expected);
  });

  it('is what the handler asks for, cap or not, and none where it asks for none', async () => {
    const capped = { backoff: 'linear', base_ms: 100, cap_ms: 250 };
    const threeYears = 3 * 365 * 24 * 3_600_000;
    expect(await pauseAfter(1, { ...capped, after_ms: 90_000 })).toBe(90_000);
    expect(await pauseAfter(1, { ...capped, after_ms: threeYears })).toBe(threeYears);
    expect(await pauseAfter(1, { ...capped, after_ms: 0 })).toBe(0);
  });

  it.each([
    ['linear', 100 * 3_600_000],
    ['exponential', Number.MAX_SAFE_INTEGER],
    ['fibonacci', Number.MAX_SAFE_INTEGER],
  ])(
    'with backoff %s takes the hundredth attempt and the longest base without overflow',
    async (backoff, most) => {
      const cap_ms = Number.MAX_SAFE_INTEGER;
      expect(await pauseAfter(100, { backoff, base_ms: 3_600_000, cap_ms: 2 ** 31 - 1 })).toBe(
        Math.min(2 ** 31 - 1, most),
      );
      expect(await pauseAfter(100, { backoff, base_ms: 3_600_000, cap_ms: 2 ** 40 })).toBe(
        Math.min(2 ** 40, most),
      );
      expect(await pauseAfter(100, { backoff, base_ms: 3_600_000, cap_ms })).toBe(
        Math.min(THOUSAND_YEARS_MS, most),
      );
    },
  );

  it('is at most a thousand years, so that every client can read when it ends', async () => {
    for (const after_ms of [Number.MAX_SAFE_INTEGER, 9_223_372_036_854_775_000]) {
      expect(await pauseAfter(1, { after_ms })).toBe(THOUSAND_YEARS_MS);
    }
  });

  it('is none where a worker asks for less than none', async () => {
    expect(await pauseAfter(1, { after_ms: -5 })).toBe(0);
    expect(await pauseAfter(1, { backoff: 'linear', base_ms: -5 })).toBe(0);
  });

  it('is kept in the audit as it is, also past 24 days', async () => {
    const task = await worker.submit({ template_id: template });
    const { steps } = await worker.claim();
    await worker.complete(steps.map((step) => failed(step, { after_ms: 90 * 24 * 3_600_000 })));
    expect(await core.events(task)).toMatchObject([{ kind: 2, retry_delay_ms: 90 * 24 * 3_600_000 }]);
    expect(await core.step(task, 'only')).toMatchObject({ state: 'waiting_for_retry' });
    await worker.cancel(task);
  });

  it('lies with jitter anywhere between none and the whole of it, and is still capped', async () => {
    const choices = fc.record({
      backoff: fc.constantFrom('none', 'linear', 'exponential', 'fibonacci'),
      base: fc.integer({ min: 0, max: 3_600_000 }),
      cap: fc.integer({ min: 0, max: 2 ** 40 }),
      failures: fc.integer({ min: 1, max: 100 }),
    });
    await fc.assert(
      fc.asyncProperty(choices, async ({ backoff, base, cap, failures }) => {
        const [row] = await core.rows<{ whole: number; least: number; most: number }>(
          `SELECT tasker.retry_delay_ms($1, $2, $3, $4, false)::float8 AS whole, min(j)::float8 AS least, max(j)::float8 AS most
           FROM (SELECT tasker.retry_delay_ms($1, $2, $3, $4, true) AS j FROM generate_series(1, 20)) x`,
          [backoff, base, cap, failures],
        );
        const { whole, least, most } = row ?? { whole: -1, least: -1, most: -1 };
        expect(whole).toBeLessThanOrEqual(cap);
        expect(least).toBeGreaterThanOrEqual(0);
        expect(most).toBeLessThanOrEqual(whole);
      }),
      { numRuns: 60 },
    );
    const [spread] = await core.rows<{ values: number }>(
      `SELECT count(DISTINCT tasker.retry_delay_ms('linear', 1000000, 1000000, 1, true))::integer AS values
       FROM generate_series(1, 100)`,
    );
    expect(spread?.values).toBeGreaterThan(50);
  });
});
