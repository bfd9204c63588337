import { describe, expect, it } from '@jest/globals';
import { firstStep, parse, problemsOf, STEP, template, withStep } from './template-text.fixture.js';

describe('events in a template file', () => {
  it('reads a bare name as an event published on success, durably', () => {
    expect(firstStep(withStep({ publishes_events: ['order.paid'] })).publishesEvents).toEqual([
      {
        name: 'order.paid',
        description: null,
        condition: 'success',
        deliveryMode: 'durable',
        schema: null,
        publisher: null,
      },
    ]);
  });

  it('reads every key of a published event', () => {
    const event = {
      name: 'order.refused',
      description: 'Told to the customer',
      condition: 'permanent_failure',
      delivery_mode: 'broadcast',
      schema: { type: 'object' },
      publisher: 'RefusalPublisher',
    };
    expect(firstStep(withStep({ publishes_events: [event] })).publishesEvents).toEqual([
      {
        name: 'order.refused',
        description: 'Told to the customer',
        condition: 'permanent_failure',
        deliveryMode: 'broadcast',
        schema: { type: 'object' },
        publisher: 'RefusalPublisher',
      },
    ]);
  });

  it('refuses events that are not declared where events are declared', () => {
    const declared = { domain_events: [{ name: 'order.paid' }, { name: 'order.paid' }] };
    const steps = [{ ...STEP, publishes_events: ['order.paid', 'order.lost'] }];
    expect(problemsOf(template({ ...declared, steps }))).toEqual([
      'steps[0].publishes_events[1]: the event "order.lost" is not declared in domain_events',
      'domain_events[1]: the event "order.paid" is declared twice',
    ]);
  });

  it.each([
    [
      'condition',
      'sometimes',
      'expected one of success, failure, retryable_failure, permanent_failure, always',
    ],
    ['delivery_mode', 'slow', 'expected one of durable, fast, broadcast'],
    ['schema', { type: 'objekt' }, 'type'],
    ['publisher', '', "expected a publisher's key"],
    ['name', 'order paid', 'expected an event name'],
    ['name', 'order.*', 'expected an event name'],
    ['topic', 'x', 'unknown key "topic"'],
  ])('refuses a bad %s of a published event: %j', (key, value, message) => {
    const problems = problemsOf(withStep({ publishes_events: [{ name: 'order.paid', [key]: value }] }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('steps[0].publishes_events[0]');
    expect(problems[0]).toContain(message);
  });

  it('counts events and limits as content', () => {
    const hashes = [
      {},
      { domain_events: [{ name: 'a' }] },
      { domain_events: [{ name: 'a', schema: {} }] },
      { lifecycle: { max_duration_minutes: 1 } },
      { lifecycle: { max_duration_minutes: 2 } },
      { steps: [{ ...STEP, publishes_events: ['a'] }] },
      { steps: [{ ...STEP, publishes_events: [{ name: 'a', condition: 'always' }] }] },
    ].map((keys) => parse(template(keys)).contentHash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('reads lifecycle limits, with dead letters as the default', () => {
    expect(parse(template({ lifecycle: { max_waiting_for_retry_minutes: 7 } })).lifecycle).toEqual({
      maxDurationMinutes: null,
      maxWaitingForDependenciesMinutes: null,
      maxWaitingForRetryMinutes: 7,
      maxStepsInProcessMinutes: null,
      stalenessAction: 'dlq',
      autoFailOnTimeout: null,
      autoDlqOnTimeout: null,
    });
  });
});
