import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import type { JsonObject, Task } from '../../src/index.js';
import { DERIVED, DerivedTemplates } from './derived-templates.js';
import { order, orderRequest, SAMPLE_ORDER } from './orders.js';
import { failureOf, Service, stepOf } from './service.js';

// A busy machine is slow, not wrong.
jest.setTimeout(60_000);

const { customer, payment, shipping } = SAMPLE_ORDER;
const GOOD = { sku: 'GADGET-002', quantity: 1, price: 1 };

let templates: DerivedTemplates;
let service: Service;

beforeAll(async () => {
  templates = await DerivedTemplates.of('order_fulfillment/business_workflow');
  service = await Service.start({ settings: { templatePaths: [templates.path] } });
});

afterAll(async () => {
  await service.stop();
  await templates.remove();
});

/** Past the `input_schema`, as a task that came in by another way. */
async function run(changes: JsonObject): Promise<Task> {
  const { taskUuid } = await service.client.submit(orderRequest(order(changes), DERIVED));
  return service.settled(taskUuid);
}

describe('validate_order fails for good', () => {
  it.each<[string, JsonObject]>([
    ['MISSING_CUSTOMER_INFO', { customer: null }],
    ['MISSING_CUSTOMER_INFO', { customer: 'John Doe' }],
    ['MISSING_CUSTOMER_ID', { customer: { email: customer.email } }],
    ['MISSING_CUSTOMER_ID', { customer: { ...customer, id: 1.5 } }],
    ['MISSING_CUSTOMER_EMAIL', { customer: { id: 1, name: 'John Doe' } }],
    ['MISSING_CUSTOMER_EMAIL', { customer: { ...customer, email: ' ' } }],
    ['MISSING_ORDER_ITEMS', { items: null }],
    ['MISSING_ORDER_ITEMS', { items: { first: GOOD } }],
    ['EMPTY_ORDER_ITEMS', { items: [] }],
    ['INVALID_ORDER_ITEM', { items: ['WIDGET-001'] }],
    ['INVALID_ORDER_ITEM', { items: [{ quantity: 1, price: 1 }] }],
    ['INVALID_ORDER_ITEM', { items: [{ sku: 'GADGET-002', price: 1 }] }],
    ['INVALID_ORDER_ITEM', { items: [{ sku: 'GADGET-002', quantity: 1 }] }],
    ['INVALID_QUANTITY', { items: [{ ...GOOD, quantity: 0 }] }],
    ['INVALID_QUANTITY', { items: [{ ...GOOD, quantity: 1.5 }] }],
    ['INVALID_QUANTITY', { items: [{ ...GOOD, quantity: 'two' }] }],
    ['INVALID_PRICE', { items: [{ ...GOOD, price: -0.01 }] }],
    ['INVALID_PRICE', { items: [{ ...GOOD, price: 29.999 }] }],
    ['INVALID_PRICE', { items: [{ ...GOOD, price: 1e-7 }] }],
    ['INVALID_PRICE', { items: [{ ...GOOD, price: '29.99' }] }],
    ['PRODUCT_NOT_FOUND', { items: [{ ...GOOD, sku: 'constructor' }] }],
    ['ORDER_TOTAL_TOO_HIGH', { items: [{ ...GOOD, price: 50_000.01 }] }],
    ['ORDER_TOTAL_TOO_HIGH', { items: [{ ...GOOD, quantity: 9_007_199_254_740_991, price: 1e300 }] }],
  ])('%s: %j', async (code, changes) => {
    const task = await run(changes);
    expect(task.status).toBe('blocked_by_failures');
    expect(failureOf(task, 'validate_order')).toEqual({
      state: 'error',
      attempts: 1,
      code,
      type: 'ValidationError',
      retryable: false,
    });
  });

  it.each<[string, JsonObject]>([
    ['MISSING_CUSTOMER_INFO', { customer: null, items: null }],
    ['MISSING_CUSTOMER_ID', { customer: {}, items: null }],
    ['MISSING_CUSTOMER_EMAIL', { customer: { id: 1 }, items: null }],
    ['MISSING_ORDER_ITEMS', { items: null, payment: null }],
    ['INVALID_ORDER_ITEM', { items: [{ quantity: 0, price: -1 }] }],
    ['INVALID_QUANTITY', { items: [{ sku: 'NONE', quantity: 0, price: -1 }] }],
    ['INVALID_PRICE', { items: [{ sku: 'NONE', quantity: 1, price: -1 }] }],
    ['PRODUCT_NOT_FOUND', { items: [{ ...GOOD, sku: 'NONE' }, { sku: 'GADGET-002' }] }],
    [
      'INVALID_QUANTITY',
      {
        items: [
          { ...GOOD, price: 60_000 },
          { ...GOOD, quantity: 0 },
        ],
      },
    ],
  ])('with the first thing that is wrong: %s for %j', async (code, changes) => {
    expect(failureOf(await run(changes), 'validate_order')).toMatchObject({ code });
  });

  it('and names the position of the bad item', async () => {
    const { results } = stepOf(await run({ items: [GOOD, { sku: 'GADGET-002' }] }), 'validate_order');
    expect(results?.error?.message).toBe('Item at position 2: expected sku, quantity and price');
    expect(results?.metadata.context).toEqual({ field: 'items[1]', position: 2 });
  });
});

describe('later steps fail for good', () => {
  it.each<[string, string, JsonObject]>([
    ['process_payment', 'MISSING_PAYMENT_INFO', { payment: null }],
    ['process_payment', 'MISSING_PAYMENT_METHOD', { payment: { token: 'tok' } }],
    ['process_payment', 'MISSING_PAYMENT_METHOD', { payment: { ...payment, method: 'cash' } }],
    ['process_payment', 'MISSING_PAYMENT_TOKEN', { payment: { method: 'paypal' } }],
    ['process_payment', 'MISSING_PAYMENT_TOKEN', { payment: { ...payment, token: '' } }],
    ['ship_order', 'MISSING_SHIPPING_INFO', { shipping: null }],
    ['ship_order', 'MISSING_SHIPPING_METHOD', { shipping: { ...shipping, method: 'pigeon' } }],
    ['ship_order', 'MISSING_SHIPPING_ADDRESS', { shipping: { method: 'express' } }],
  ])('%s: %s', async (step, code, changes) => {
    expect(failureOf(await run({ items: [GOOD], ...changes }), step)).toEqual({
      state: 'error',
      attempts: 1,
      code,
      type: 'ValidationError',
      retryable: false,
    });
  });
});

it('says so where stock is short, with product and quantity, after every attempt', async () => {
  const task = await run({
    items: [
      { ...GOOD, quantity: 3 },
      { sku: 'WIDGET-002', quantity: 51, price: 1 },
    ],
  });
  expect(failureOf(task, 'reserve_inventory')).toEqual({
    state: 'error',
    attempts: 3,
    code: 'INSUFFICIENT_STOCK',
    type: 'InventoryError',
    retryable: true,
  });
  const shortage = { sku: 'WIDGET-002', quantity: 51, available: 50 };
  const { results } = stepOf(task, 'reserve_inventory');
  expect(results?.metadata.context).toEqual({ ...shortage, shortages: [shortage] });
  expect(results?.error?.message).toBe('Not enough in stock: WIDGET-002, 51 wanted, 50 available');
});

it('every step misses the results of steps that were resolved by hand', async () => {
  let task = await run({ customer: null });
  const steps = ['validate_order', 'reserve_inventory', 'process_payment', 'ship_order'];
  for (const [index, name] of steps.entries()) {
    const { taskUuid, stepUuid } = stepOf(task, name);
    if (index > 0) {
      expect(failureOf(task, name)).toEqual({
        state: 'error',
        attempts: 1,
        code: 'MISSING_DEPENDENCY_RESULTS',
        type: 'DependencyError',
        retryable: false,
      });
    }
    await service.client.resolveStep(taskUuid, stepUuid, { reason: 'given up', by: 'test' });
    task = await service.settled(taskUuid);
  }
  expect(task.status).toBe('complete');
});

it('an order that nobody has validated properly is not charged', async () => {
  const task = await run({ customer: null, items: [GOOD] });
  await service.completeAsGiven(stepOf(task, 'validate_order'), { validated_items: [], order_total: 0.001 });
  expect(failureOf(await service.settled(task.taskUuid), 'process_payment')).toMatchObject({
    code: 'MISSING_DEPENDENCY_RESULTS',
  });
});
