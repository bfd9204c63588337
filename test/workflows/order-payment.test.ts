import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { OrderFulfillmentModule } from '../../src/workflows/order-fulfillment/order-fulfillment.module.js';
import { PaymentGateway } from '../../src/workflows/order-fulfillment/payment/payment.gateway.js';
import type { ChargeRequest } from '../../src/workflows/order-fulfillment/payment/payment.gateway.js';
import { until } from '../support/until.js';
import { order, orderRequest, paidWith } from './orders.js';
import { failureOf, resultsOf, Service, stepOf } from './service.js';

// A busy machine is slow, not wrong.
jest.setTimeout(60_000);

const NOON = new Date('2026-11-23T12:00:00.000Z');

describe('the simulated gateway', () => {
  let service: Service;

  beforeAll(async () => {
    service = await Service.start();
  });

  afterEach(async () => {
    await service.clock.reset();
  });

  afterAll(async () => {
    await service.stop();
  });

  it.each([
    ['tok_test_declined', 'PAYMENT_DECLINED'],
    ['tok_test_auth_failed', 'PAYMENT_AUTH_FAILED'],
  ])('%s: %s, for good', async (token, code) => {
    const { taskUuid } = await service.client.submit(orderRequest(order(paidWith(token))));
    const task = await service.settled(taskUuid);
    expect(task.status).toBe('blocked_by_failures');
    expect(failureOf(task, 'process_payment')).toEqual({
      state: 'error',
      attempts: 1,
      code,
      type: 'PaymentError',
      retryable: false,
    });
    expect(await charges(service, stepOf(task, 'process_payment').stepUuid)).toHaveLength(0);
  });

  it.each([
    ['tok_test_rate_limited', 'PAYMENT_RATE_LIMITED', 60_000],
    ['tok_test_timeout', 'PAYMENT_TIMEOUT', 2_000],
  ])('%s: %s, tried again %d ms later', async (token, code, wait) => {
    await service.clock.freeze(NOON);
    const { taskUuid } = await service.client.submit(orderRequest(order(paidWith(token))));
    const waiting = await until('the payment waits for its retry', async () => {
      const task = await service.client.get(taskUuid);
      return task.status === 'waiting_for_retry' && task;
    });
    const failure = { attempts: 1, code, type: 'PaymentError', retryable: true };
    expect(failureOf(waiting, 'process_payment')).toEqual({ ...failure, state: 'waiting_for_retry' });
    expect(stepOf(waiting, 'process_payment')).toMatchObject({
      nextRetryAt: new Date(NOON.getTime() + wait),
      retryEligible: true,
      maxAttempts: 2,
    });

    await service.clock.advance(wait);
    const failed = await service.settled(taskUuid);
    expect(failureOf(failed, 'process_payment')).toEqual({ ...failure, attempts: 2, state: 'error' });
    expect(await charges(service, stepOf(failed, 'process_payment').stepUuid)).toHaveLength(0);
  });

  it('charges once for a key, and answers a repeat with the same charge', async () => {
    const gateway = service.worker.app.get(PaymentGateway);
    const request: ChargeRequest = {
      idempotencyKey: 'once',
      amount: 209_97n,
      currency: 'USD',
      method: 'paypal',
      token: 'tok',
      signal: new AbortController().signal,
    };
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => gateway.charge(request)));
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
    expect(await charges(service, 'once')).toEqual([
      { amount_cents: '20997', fee_cents: '609', method: 'paypal' },
    ]);
  });
});

describe('a worker that is killed between the charge and the completion of its step', () => {
  let service: Service;

  beforeAll(async () => {
    // Takes the order, and leaves running it to others.
    service = await Service.start({ settings: { role: 'api' } });
  });

  afterAll(async () => {
    await service.stop();
  });

  it('leaves a payment that is charged once', async () => {
    const { taskUuid } = await service.client.submit(orderRequest(order()));
    const support = join(import.meta.dirname, '../support/register-ts.mjs');
    const script = join(import.meta.dirname, 'killed-worker.process.ts');
    const worker = spawn(process.execPath, ['--import', support, script, service.databaseUrl], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [, signal] = await once(worker, 'exit');
    expect(signal).toBe('SIGKILL');
    const held = stepOf(await service.client.get(taskUuid), 'process_payment');
    expect(held).toMatchObject({ state: 'in_progress', results: null });
    const charged = await charges(service, held.stepUuid);
    expect(charged).toHaveLength(1);

    await service.clock.advance(31_000);
    await service.addWorker({ imports: [OrderFulfillmentModule] });
    const task = await service.settled(taskUuid);
    expect(task.status).toBe('complete');
    expect(stepOf(task, 'process_payment')).toMatchObject({ attempts: 1, lostCount: 1 });
    expect(resultsOf(task).process_payment).toMatchObject({
      amount_charged: 209.97,
      payment_status: 'completed',
    });
    expect(await charges(service, held.stepUuid)).toEqual(charged);
  });
});

function charges(
  service: Service,
  idempotencyKey: string,
): Promise<{ amount_cents: string; fee_cents: string; method: string }[]> {
  return service.rows(
    'SELECT amount_cents, fee_cents, method FROM order_fulfillment.payment_ledger WHERE idempotency_key = $1',
    [idempotencyKey],
  );
}
