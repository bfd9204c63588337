import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';

import type { Task } from '../../src/index.js';
import { ExpiredReservationsJob } from '../../src/workflows/order-fulfillment/inventory/expired-reservations.job.js';
import { Inventory } from '../../src/workflows/order-fulfillment/inventory/inventory.js';
import { DERIVED, DerivedTemplates } from './derived-templates.js';
import { order, orderRequest, paidWith } from './orders.js';
import { failureOf, resultsOf, Service, stepOf } from './service.js';
import { pieces, reservations, resetStock, setStock, stock } from './stock.js';

// A busy machine is slow, not wrong.
jest.setTimeout(60_000);

const FIFTEEN_MINUTES = 15 * 60_000;
const BY_HAND = { reason: 'paid in cash', by: 'test' };

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

beforeEach(async () => {
  await resetStock(service, 50);
});

describe('a reservation that is not shipped', () => {
  it('returns to stock after 15 minutes, once, though ten processes look for it at once', async () => {
    for (let index = 0; index < 5; index += 1) await unpaidOrder(4);
    expect(await stock(service)).toBe(30);
    const inventory = service.worker.app.get(Inventory);

    await service.clock.advance(FIFTEEN_MINUTES - 60_000);
    expect(await inventory.returnExpired()).toBe(0);
    await service.clock.advance(60_000);
    const returned = await Promise.all(Array.from({ length: 10 }, () => inventory.returnExpired()));
    expect(returned.reduce((sum, count) => sum + count, 0)).toBe(5);
    expect(await stock(service)).toBe(50);
    expect(await reservations(service)).toEqual([{ state: 'returned', count: 5, pieces: 20 }]);
  });

  it('is returned by the job that runs in every process', async () => {
    await unpaidOrder(4);
    await service.clock.advance(FIFTEEN_MINUTES);
    await service.worker.app.get(ExpiredReservationsJob).run();
    expect(await stock(service)).toBe(50);
  });

  it('is shipped as it is, where it has expired and nobody has returned it yet', async () => {
    const task = await unpaidOrder(4);
    await service.clock.advance(FIFTEEN_MINUTES);
    expect((await payByHand(task)).status).toBe('complete');
    expect(await stock(service)).toBe(46);
  });

  it('is taken again, where it was returned and there is enough', async () => {
    const task = await unpaidOrder(4);
    await returnExpired();
    expect((await payByHand(task)).status).toBe('complete');
    expect(await stock(service)).toBe(46);
    expect(await reservations(service)).toEqual([{ state: 'shipped', count: 1, pieces: 4 }]);
    // Final: it never returns.
    await returnExpired();
    expect(await stock(service)).toBe(46);
  });

  it('has expired for good, where it was returned and others have its goods, until there are some again', async () => {
    const task = await unpaidOrder(4);
    await returnExpired();
    await setStock(service, 3);
    const failed = await payByHand(task);
    expect(failureOf(failed, 'ship_order')).toEqual({
      state: 'error',
      attempts: 1,
      code: 'RESERVATION_EXPIRED',
      type: 'InventoryError',
      retryable: false,
    });
    expect(stepOf(failed, 'ship_order').results?.metadata.context).toMatchObject({
      shortages: [{ sku: 'WIDGET-002', quantity: 4, available: 3 }],
    });
    expect(await stock(service)).toBe(3);

    await setStock(service, 4);
    const { taskUuid, stepUuid } = stepOf(failed, 'ship_order');
    await service.client.resetStep(taskUuid, stepUuid, BY_HAND);
    expect((await service.settled(taskUuid)).status).toBe('complete');
    expect(await stock(service)).toBe(0);
  });

  it('can not be shipped by two orders, nor made up', async () => {
    const task = await unpaidOrder(1);
    const shippedOnce = reservationOf(await payByHand(task));
    for (const id of [shippedOnce, 'RES-made-up']) {
      const other = await unpaidOrder(51);
      await service.completeAsGiven(stepOf(other, 'reserve_inventory'), { reservation_id: id });
      const shipped = await payByHand(await service.settled(other.taskUuid));
      expect(failureOf(shipped, 'ship_order')).toMatchObject({ code: 'RESERVATION_UNUSABLE', attempts: 1 });
    }
  });
});

/** An order that has reserved its goods, if there are enough, and whose payment was declined. */
async function unpaidOrder(quantity: number): Promise<Task> {
  const context = order({ ...pieces(quantity), ...paidWith('tok_test_declined') });
  const { taskUuid } = await service.client.submit(orderRequest(context, DERIVED));
  return service.settled(taskUuid);
}

async function payByHand(task: Task): Promise<Task> {
  await service.completeAsGiven(stepOf(task, 'process_payment'), { payment_id: 'cash' });
  return service.settled(task.taskUuid);
}

async function returnExpired(): Promise<void> {
  await service.clock.advance(FIFTEEN_MINUTES);
  await service.worker.app.get(Inventory).returnExpired();
}

function reservationOf(task: Task): string {
  const { reserve_inventory: result } = resultsOf(task);
  if (typeof result !== 'object' || result === null || !('reservation_id' in result)) {
    throw new Error('Nothing was reserved');
  }
  return String(result.reservation_id);
}
