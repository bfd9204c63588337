import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { DomainEventPublisher, OnDomainEvent, PermanentStepError, TaskerModule } from '../../src/index.js';
import type {
  DomainEvent,
  DomainEventPublisherContract,
  EventPublication,
  JsonValue,
} from '../../src/index.js';
import { Lab } from '../support/lab.js';
import { Happening, until } from '../support/until.js';
import { requestFor, workflow } from '../support/workflows.js';

/** What subscribers of this test file were given, in order. */
let received: DomainEvent[] = [];
/** Thrown by `onDurable` to have the subscriber hang. */
const NEVER = new Error('never');
/** What the durable subscriber does with an event before it counts as received. */
let onDurable: (event: DomainEvent) => void = () => undefined;

@Injectable()
class Subscriber {
  @OnDomainEvent('order.*', { name: 'orders', from: 'beginning' })
  onOrder(event: DomainEvent): void | Promise<never> {
    try {
      onDurable(event);
    } catch (error) {
      if (error === NEVER) return new Promise<never>(() => undefined);
      throw error;
    }
    received.push(event);
  }
}

@DomainEventPublisher('short')
class ShortPublisher implements DomainEventPublisherContract {
  payload({ result, stepName }: EventPublication): JsonValue | undefined {
    return result === 0 ? undefined : { short: result, by: stepName };
  }
}

@Module({
  imports: [TaskerModule.forFeature({ namespace: 'lab_events' })],
  providers: [Subscriber, ShortPublisher],
})
class EventsModule {}

/** A template whose only step publishes these. */
function publishing(...events: readonly unknown[]): ReturnType<typeof workflow> {
  return workflow('shop', { pay: { publishes_events: events } });
}

describe('domain events', () => {
  let lab: Lab | undefined;

  afterEach(async () => {
    await lab?.close();
    lab = undefined;
    received = [];
    onDurable = () => undefined;
  });

  async function runOnce(
    shop: ReturnType<typeof workflow>,
    pay: () => unknown,
  ): Promise<{ readonly taskUuid: string; readonly status: string }> {
    lab = await Lab.open(shop);
    const worker = await lab.worker({ handlers: { pay }, imports: [EventsModule] });
    const { taskUuid } = await worker.client.submit(requestFor(shop));
    const { status } = await worker.client.waitFor(taskUuid);
    return { taskUuid, status };
  }

  async function outbox(): Promise<readonly string[]> {
    const rows = await lab?.rows<{ name: string }>('SELECT name FROM tasker.domain_events ORDER BY event_id');
    return (rows ?? []).map(({ name }) => name);
  }

  it('brings a step’s result to a subscriber, with what it needs to know about it', async () => {
    const { taskUuid } = await runOnce(publishing('order.paid'), () => ({ amount: 5 }));
    const event = await until('the event arrives', () => received[0]);
    expect(event).toMatchObject({
      name: 'order.paid',
      delivery: 'durable',
      payload: { amount: 5 },
      namespace: 'lab',
      templateName: 'shop',
      templateVersion: '1.0.0',
      taskUuid,
      stepName: 'pay',
      attempt: 1,
    });
  });

  it.each([
    ['success', ['order.success', 'order.always'], () => 1],
    [
      'permanent failure',
      ['order.failure', 'order.permanent_failure', 'order.always'],
      () => {
        throw new PermanentStepError('no', { errorCode: 'NO' });
      },
    ],
  ])('publishes on %s what has that condition', async (_, names, pay) => {
    const conditions = ['success', 'failure', 'retryable_failure', 'permanent_failure', 'always'];
    await runOnce(
      publishing(...conditions.map((condition) => ({ name: `order.${condition}`, condition }))),
      pay,
    );
    expect(await outbox()).toEqual(names);
  });

  it('publishes a retryable failure for each attempt but the last, with its error as the payload', async () => {
    const shop = workflow('shop', {
      pay: {
        retry: { max_attempts: 2, backoff: 'none' },
        publishes_events: [
          { name: 'order.late', condition: 'retryable_failure' },
          { name: 'order.lost', condition: 'permanent_failure' },
        ],
      },
    });
    await runOnce(shop, () => {
      throw new Error('the bank is closed');
    });
    await until('both events arrive', () => received.length === 2);
    expect(received.map(({ name, attempt, payload }) => [name, attempt, payload])).toEqual([
      ['order.late', 1, { message: 'the bank is closed', code: 'HANDLER_ERROR', type: 'Error' }],
      ['order.lost', 2, { message: 'the bank is closed', code: 'HANDLER_ERROR', type: 'Error' }],
    ]);
  });

  it('lets a publisher make the payload, or leave the event out', async () => {
    await runOnce(publishing({ name: 'order.paid', publisher: 'short' }), () => 7);
    expect((await until('the event arrives', () => received[0])).payload).toEqual({ short: 7, by: 'pay' });
    await lab?.close();
    lab = undefined;

    await runOnce(publishing({ name: 'order.paid', publisher: 'short' }), () => 0);
    expect(await outbox()).toEqual([]);
  });

  it('fails the step whose payload does not fit the declared schema, and publishes nothing', async () => {
    const shop = workflow(
      'shop',
      { pay: { publishes_events: ['order.paid'] } },
      { domain_events: [{ name: 'order.paid', schema: { type: 'object', required: ['amount'] } }] },
    );
    const { taskUuid, status } = await runOnce(shop, () => ({ total: 5 }));
    expect(status).toBe('blocked_by_failures');
    const [row] =
      (await lab?.rows<{ detail: { error_code: string; message: string } }>(
        'SELECT detail FROM tasker.events WHERE task_uuid = $1 AND kind = 3',
        [taskUuid],
      )) ?? [];
    expect(row?.detail).toMatchObject({ error_code: 'EVENT_SCHEMA' });
    expect(row?.detail.message).toContain('payload.amount');
    expect(await outbox()).toEqual([]);
  });

  it('delivers fast events in process and keeps nothing of them, broadcast ones both ways under one id', async () => {
    await runOnce(
      publishing(
        { name: 'order.seen', delivery_mode: 'fast' },
        { name: 'order.told', delivery_mode: 'broadcast' },
      ),
      () => 1,
    );
    await until('all three deliveries', () => received.length === 3);
    expect(await outbox()).toEqual(['order.told']);
    expect(received.map(({ name, delivery }) => `${name} ${delivery}`).toSorted()).toEqual([
      'order.seen fast',
      'order.told durable',
      'order.told fast',
    ]);
    const told = received.filter(({ name }) => name === 'order.told');
    expect(new Set(told.map(({ id }) => id)).size).toBe(1);
  });

  it('brings an event again that a subscriber failed on, before any behind it', async () => {
    let refusals = 2;
    onDurable = () => {
      refusals -= 1;
      if (refusals >= 0) throw new Error('not now');
    };
    const shop = publishing('order.paid');
    lab = await Lab.open(shop);
    const worker = await lab.worker({
      handlers: { pay: ({ context }) => context['n'] ?? null },
      imports: [EventsModule],
    });
    for (const n of [1, 2, 3]) {
      const { taskUuid } = await worker.client.submit(requestFor(shop, { n }));
      await worker.client.waitFor(taskUuid);
    }
    await until('all events arrive', () => received.length === 3);
    expect(received.map(({ payload }) => payload)).toEqual([1, 2, 3]);
  });

  it('serves a subscription from one process at a time, each event once, wherever it was published', async () => {
    const shop = publishing('order.paid');
    lab = await Lab.open(shop);
    const handlers = { pay: ({ context }: { context: Readonly<Record<string, unknown>> }) => context['n'] };
    const first = await lab.worker({ handlers, imports: [EventsModule] });
    await lab.worker({ handlers, imports: [EventsModule] });
    const requests = Array.from({ length: 200 }, (_, n) => requestFor(shop, { n }));
    await first.client.submitMany(requests);
    await until('all events arrive', () => received.length >= 200);
    const payloads = received.map(({ payload }) => Number(payload)).toSorted((a, b) => a - b);
    expect(payloads).toEqual(requests.map((_, n) => n));
    const rows = await lab.rows<{ name: string }>('SELECT name FROM tasker.event_subscriptions');
    expect(rows).toEqual([{ name: 'orders' }]);
  });

  it('comes in order for each task, whichever of two processes ran its steps', async () => {
    const names = Array.from({ length: 12 }, (_, place) => `step_${place}`);
    const chain = workflow(
      'chain',
      Object.fromEntries(
        names.map((name, place) => [
          name,
          {
            handler: { callable: 'pay' },
            dependencies: names.slice(Math.max(0, place - 1), place),
            publishes_events: [`order.${name}`],
          },
        ]),
      ),
    );
    lab = await Lab.open(chain);
    const crew = { handlers: { pay: () => 1 }, imports: [EventsModule], settings: { maxConcurrency: 2 } };
    const { client } = await lab.worker(crew);
    await lab.worker(crew);
    const outcomes = await client.submitMany(Array.from({ length: 20 }, () => requestFor(chain)));
    await until('all events arrive', () => received.length >= 20 * names.length);
    for (const outcome of outcomes) {
      if ('error' in outcome) throw outcome.error;
      const own = received.filter(({ taskUuid }) => taskUuid === outcome.taskUuid);
      expect(own.map(({ stepName }) => stepName)).toEqual(names);
    }
  });

  it('is served to each subscription from a place of its own: one that is stuck holds no other up', async () => {
    const others: string[] = [];
    @Injectable()
    class OtherSubscriber {
      @OnDomainEvent('order.*', { name: 'others', from: 'beginning' })
      onOrder(event: DomainEvent): void {
        others.push(event.name);
      }
    }
    onDurable = () => {
      throw new Error('not now');
    };
    const shop = publishing('order.packed', 'order.paid');
    lab = await Lab.open(shop);
    const worker = await lab.worker({
      handlers: { pay: () => 1 },
      imports: [EventsModule, { module: class OtherModule {}, providers: [OtherSubscriber] }],
    });
    await worker.client.submit(requestFor(shop));
    await until('the other subscription has both events', () => others.length === 2);
    const places = async () =>
      lab?.rows<{ name: string; last_event_id: string; last_error: string | null }>(
        'SELECT name, last_event_id, last_error FROM tasker.event_subscriptions ORDER BY name',
      );
    await until('its place is kept', async () => (await places())?.[1]?.last_event_id === '2');
    await until('the other says what keeps it', async () => (await places())?.[0]?.last_error === 'not now');
    expect(await places()).toMatchObject([{ name: 'orders', last_event_id: '0' }, { name: 'others' }]);
    expect(received).toEqual([]);

    onDurable = () => undefined;
    await until('both arrive here too', () => received.length === 2);
    expect(others).toEqual(['order.packed', 'order.paid']);
    expect(received.map(({ name }) => name)).toEqual(others);
  });

  it('goes on after a restart where it was, without events that were delivered before', async () => {
    const shop = publishing('order.paid');
    lab = await Lab.open(shop);
    for (const n of [1, 2]) {
      const worker = await lab.worker({ handlers: { pay: () => n }, imports: [EventsModule] });
      await worker.client.submit(requestFor(shop));
      await until('the event arrives', () => received.length === n);
      await lab.stopWorkers();
    }
    expect(received.map(({ payload }) => payload)).toEqual([1, 2]);
  });

  it('gives each event an id that never comes again, not even when the step is reset', async () => {
    const shop = publishing({ name: 'order.ended', condition: 'always' });
    lab = await Lab.open(shop);
    let broken = true;
    const pay = () => {
      if (broken) throw new PermanentStepError('not today');
      return 'paid';
    };
    const worker = await lab.worker({ handlers: { pay }, imports: [EventsModule] });
    const { taskUuid } = await worker.client.submit(requestFor(shop));
    const { steps } = await worker.client.waitFor(taskUuid);
    broken = false;
    await worker.client.resetStep(taskUuid, steps[0]?.stepUuid ?? '', { reason: 'now', by: 'test' });
    await until('both events arrive', () => received.length === 2);
    expect(new Set(received.map(({ id }) => id)).size).toBe(2);
    expect(received.at(-1)?.payload).toBe('paid');
  });

  it('does not let a subscriber that never settles keep the service from stopping', async () => {
    const asked = new Happening();
    onDurable = () => {
      asked.happen();
      throw NEVER;
    };
    const shop = publishing('order.paid');
    lab = await Lab.open(shop);
    const worker = await lab.worker({ handlers: { pay: () => 1 }, imports: [EventsModule] });
    await worker.client.submit(requestFor(shop));
    await asked.happened;
    await worker.stop();
  });

  it('refuses to start where a template names a publisher that is not there', async () => {
    const shop = publishing({ name: 'order.paid', publisher: 'nobody' });
    lab = await Lab.open(shop);
    await expect(lab.worker({ handlers: { pay: () => 1 } })).rejects.toThrow(
      /step "pay": no provider has @DomainEventPublisher\('nobody'\)/,
    );
  });
});
