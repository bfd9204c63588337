import { fileURLToPath } from 'node:url';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { DomainEventStore } from '../../src/domain-events/index.js';
import { Lab } from '../support/lab.js';
import { Program } from '../support/program.js';
import { until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';
import type { SubscriberMessage } from './subscriber.process.js';

const SUBSCRIBER = fileURLToPath(new URL('./subscriber.process.ts', import.meta.url));
const EVENTS = 300;
const SHOP = workflow('shop', { pay: { publishes_events: [{ name: 'order.paid' }] } });

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open(SHOP);
  const worker = await lab.worker({ handlers: { pay: () => 1 } });
  const { taskUuid } = await worker.client.submit(requestFor(SHOP));
  await worker.client.waitFor(taskUuid);
  await lab.rows(
    `INSERT INTO tasker.domain_events
       (task_uuid, correlation_id, published_at, template_id, step_index, attempt, attempt_token, name, payload)
     SELECT e.task_uuid, e.correlation_id, e.published_at, e.template_id, e.step_index, n, gen_random_uuid(), e.name,
            to_json(repeat('x', 1000000 + n))
     FROM tasker.domain_events e CROSS JOIN generate_series(1, $1::integer) n`,
    [EVENTS],
  );
});

afterEach(() => Program.killAll());
afterAll(() => lab.close());

describe('300 events of 1 MB', () => {
  it('are read 8 MiB at a time, one at least', async () => {
    const worker = await lab.worker({ handlers: { pay: () => 1 } });
    const store = worker.app.get(DomainEventStore);
    await store.register('reader', true);
    const owner = crypto.randomUUID();
    const first = await store.read('reader', owner, 30, '^.+$', 500);
    // The small one, and as many as fit.
    expect(first?.events.map(({ event }) => JSON.stringify(event.payload).length)).toEqual([
      1,
      ...Array.from({ length: 8 }, (_, n) => 1_000_000 + n + 1 + 2),
    ]);
    expect(first?.upTo).toBe(first?.events.at(-1)?.position);
    await store.advance('reader', owner, first?.upTo ?? '', null);
    const second = await store.read('reader', owner, 30, '^.+$', 500);
    expect(second?.events.map(({ event }) => event.attempt)).toEqual([9, 10, 11, 12, 13, 14, 15, 16]);
    await lab.rows(
      `UPDATE tasker.domain_events SET payload = to_json(repeat('x', 20000000)) WHERE event_id > $1 AND attempt <= 18`,
      [second?.upTo],
    );
    await store.advance('reader', owner, second?.upTo ?? '', null);
    const huge = await store.read('reader', owner, 30, '^.+$', 500);
    expect(huge?.events.map(({ event }) => event.attempt)).toEqual([17]);
  });

  it('do not end a subscriber whose heap holds a third of them', async () => {
    const program = Program.typescript(SUBSCRIBER, {
      NODE_OPTIONS: '--max-old-space-size=128',
      LAB_EVENTS: String(EVENTS + 1),
      LAB_WORKER: JSON.stringify({
        enableWebApi: false,
        settings: { databaseUrl: lab.databaseUrl, templatePaths: [lab.templates.path], port: 0 },
      }),
    });
    const { lengths } = await until('the subscriber has all events', () => {
      if (!program.running) throw new Error(`The subscriber has ended:\n${program.output}`);
      return program.messages(isSubscriberMessage)[0];
    });
    expect(lengths).toHaveLength(EVENTS + 1);
    expect(lengths[0]).toBe(1);
    expect(Math.min(...lengths.slice(1))).toBeGreaterThan(1_000_000);
  });
});

function isSubscriberMessage(message: unknown): message is SubscriberMessage {
  return typeof message === 'object' && message !== null && 'lengths' in message;
}
