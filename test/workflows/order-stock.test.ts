import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { Database } from '../../src/database/index.js';
import { StepHandler } from '../../src/index.js';
import { Inventory } from '../../src/workflows/order-fulfillment/inventory/inventory.js';
import { ReserveInventoryHandler } from '../../src/workflows/order-fulfillment/inventory/reserve-inventory.handler.js';
import { OrderFulfillmentModule } from '../../src/workflows/order-fulfillment/order-fulfillment.module.js';
import { Happening } from '../support/until.js';
import { DERIVED, DerivedTemplates } from './derived-templates.js';
import { order, orderRequest } from './orders.js';
import { failureOf, Service, stepOf } from './service.js';
import { pieces, reservations, resetStock, stock } from './stock.js';

// A busy machine is slow, not wrong.
jest.setTimeout(60_000);

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

describe('500 orders at once for the last 50 pieces', () => {
  it('get exactly 50, and the others fail as designed', async () => {
    await service.addWorker({ settings: { templatePaths: [templates.path] } });
    const requests = Array.from({ length: 500 }, (_, id) =>
      orderRequest(order({ ...pieces(1), customer: { id, email: 'many@example.com' } }), DERIVED),
    );
    const tasks = await service.runAll(requests);

    const complete = tasks.filter(({ status }) => status === 'complete');
    const failed = tasks.filter(({ status }) => status === 'blocked_by_failures');
    expect([complete.length, failed.length]).toEqual([50, 450]);
    for (const task of failed) {
      expect(failureOf(task, 'reserve_inventory')).toMatchObject({ code: 'INSUFFICIENT_STOCK', attempts: 3 });
    }
    expect(await stock(service)).toBe(0);
    expect(await reservations(service)).toEqual([{ state: 'shipped', count: 50, pieces: 50 }]);
  });
});

describe('orders whose lines come in opposite order', () => {
  it('do not lock each other out', async () => {
    const lines = ['GADGET-002', 'WIDGET-001', 'WIDGET-002'].map((sku) => ({ sku, quantity: 1, price: 1 }));
    const requests = Array.from({ length: 40 }, (_, index) =>
      orderRequest(order({ items: index % 2 === 0 ? lines : lines.toReversed() }), DERIVED),
    );
    const tasks = await service.runAll(requests);
    expect(tasks.map((task) => task.status)).toEqual(requests.map(() => 'complete'));
    expect(tasks.every((task) => stepOf(task, 'reserve_inventory').attempts === 1)).toBe(true);
    expect(await stock(service)).toBe(10);
  });
});

describe('a reserving step that is lost and runs a second time', () => {
  const firstHasReserved = new Happening();
  const secondHasBegun = new Happening();
  const firstMayEnd = new Happening();
  let lossy: Service;

  /** The first attempt takes the goods and then hangs, its transaction open. */
  @StepHandler('reserve_inventory')
  class HangingHandler extends ReserveInventoryHandler {
    override async call(
      ...[step]: Parameters<ReserveInventoryHandler['call']>
    ): ReturnType<ReserveInventoryHandler['call']> {
      if (step.workflowStep.lostCount > 0) {
        secondHasBegun.happen();
        return super.call(step);
      }
      const result = await super.call(step);
      firstHasReserved.happen();
      await firstMayEnd.happened;
      return result;
    }
  }

  beforeAll(async () => {
    const providers = [{ provide: ReserveInventoryHandler, useClass: HangingHandler }];
    lossy = await Service.start({
      imports: [OrderFulfillmentModule.with({ providers })],
      // So long that the lease is not renewed while the test runs: it is the test that ends it.
      settings: { leaseSeconds: 3600 },
    });
  });

  afterAll(async () => {
    await lossy.stop();
  });

  it('takes the goods once', async () => {
    const { taskUuid } = await lossy.client.submit(orderRequest(order(pieces(4))));
    await firstHasReserved.happened;
    await lossy.clock.advance(3_601_000);
    await secondHasBegun.happened;
    firstMayEnd.happen();
    const task = await lossy.settled(taskUuid);
    expect(task.status).toBe('complete');
    expect(stepOf(task, 'reserve_inventory')).toMatchObject({ attempts: 1, lostCount: 1 });
    expect(await stock(lossy)).toBe(46);
  });

  it('finds its own reservation, where that has been stored', async () => {
    const database = service.worker.app.get(Database);
    const inventory = service.worker.app.get(Inventory);
    const client = await database.acquire();
    try {
      const lines = [{ sku: 'WIDGET-002', quantity: 4 }];
      const first = await inventory.reserve(client, 'RES-twice', lines);
      expect(await inventory.reserve(client, 'RES-twice', lines)).toEqual(first);
    } finally {
      client.release();
    }
    expect(await stock(service)).toBe(46);
  });
});
