import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { OrderFulfillmentModule } from '../../src/workflows/order-fulfillment/order-fulfillment.module.js';
import { Carrier } from '../../src/workflows/order-fulfillment/shipping/carrier.js';
import type { Label, LabelRequest } from '../../src/workflows/order-fulfillment/shipping/carrier.js';
import { ProductCatalogue } from '../../src/workflows/order-fulfillment/validation/product.catalogue.js';
import { until } from '../support/until.js';
import { order, orderRequest } from './orders.js';
import { failureOf, resultsOf, Service, stepOf } from './service.js';

// A busy machine is slow, not wrong.
jest.setTimeout(60_000);

describe('providers of one’s own', () => {
  class OneProduct extends ProductCatalogue {
    async find(): Promise<ReadonlyMap<string, { name: string; category: string }>> {
      return new Map([
        ['GADGET-002', { name: 'Renamed Gadget', category: 'own' }],
        ['NOT-IN-STOCK', { name: 'Sold by the catalogue only', category: 'own' }],
      ]);
    }
  }
  class Bicycle extends Carrier {
    async createLabel({ units }: LabelRequest): Promise<Label> {
      return {
        carrier: 'Bicycle',
        trackingNumber: `B${units}`,
        cost: 3_50n,
        estimatedDelivery: '2026-11-24',
      };
    }
  }
  let service: Service;

  beforeAll(async () => {
    const providers = [
      { provide: ProductCatalogue, useClass: OneProduct },
      { provide: Carrier, useClass: Bicycle },
    ];
    service = await Service.start({ imports: [OrderFulfillmentModule.with({ providers })] });
  });

  afterAll(async () => {
    await service.stop();
  });

  it('take the place of the simulated ones', async () => {
    const context = order({ items: [{ sku: 'GADGET-002', quantity: 3, price: 1 }] });
    const { taskUuid } = await service.client.submit(orderRequest(context));
    const results = resultsOf(await service.settled(taskUuid));
    expect(results.validate_order).toMatchObject({
      validated_items: [{ product_name: 'Renamed Gadget', category: 'own', available_stock: 200 }],
    });
    expect(results.ship_order).toMatchObject({
      carrier: 'Bicycle',
      tracking_number: 'B3',
      shipping_cost: 3.5,
    });
  });

  it('may sell what is not in stock: that is a shortage', async () => {
    const context = order({ items: [{ sku: 'NOT-IN-STOCK', quantity: 1, price: 1 }] });
    const { taskUuid } = await service.client.submit(orderRequest(context));
    const task = await until('the goods are asked for', async () => {
      const waiting = await service.client.get(taskUuid);
      return waiting.status === 'waiting_for_retry' && waiting;
    });
    expect(failureOf(task, 'reserve_inventory')).toMatchObject({ code: 'INSUFFICIENT_STOCK' });
    expect(stepOf(task, 'reserve_inventory').results?.metadata.context).toMatchObject({ available: 0 });
  });
});
