import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { DuplicateTaskError, InvalidTaskRequestError } from '../../src/index.js';
import type { JsonObject, Task } from '../../src/index.js';
import { order, orderRequest, SAMPLE_ORDER, shippedBy } from './orders.js';
import { resultsOf, Service } from './service.js';
import { setStock, stock } from './stock.js';

// A busy machine is slow, not wrong.
jest.setTimeout(60_000);

const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

let service: Service;

beforeAll(async () => {
  service = await Service.start();
});

afterAll(async () => {
  await service.stop();
});

async function run(context: JsonObject): Promise<Task> {
  const { taskUuid } = await service.client.submit(orderRequest(context));
  return service.settled(taskUuid);
}

describe('the sample order', () => {
  it('is validated, reserved, paid and shipped', async () => {
    const task = await run(SAMPLE_ORDER);
    expect(task.status).toBe('complete');
    const widgets = {
      sku: 'WIDGET-001',
      product_name: 'Premium Widget A',
      unit_price: 29.99,
      line_total: 59.98,
    };
    const gadget = {
      sku: 'GADGET-002',
      product_name: 'Standard Gadget C',
      unit_price: 149.99,
      line_total: 149.99,
    };
    const reservation = expect.stringMatching(new RegExp(`^RES-${UUID}$`));
    expect(resultsOf(task)).toEqual({
      validate_order: {
        customer_validated: true,
        customer_id: 12345,
        validated_items: [
          { ...widgets, quantity: 2, available_stock: 100, category: 'widgets' },
          { ...gadget, quantity: 1, available_stock: 200, category: 'gadgets' },
        ],
        order_total: 209.97,
        validation_status: 'complete',
        validated_at: TIME,
      },
      reserve_inventory: {
        reservation_id: reservation,
        items_reserved: 2,
        reservation_status: 'confirmed',
        total_reserved_value: 209.97,
        reserved_at: TIME,
        expires_at: TIME,
        reservation_details: [
          {
            ...widgets,
            quantity_requested: 2,
            quantity_reserved: 2,
            stock_location: 'WH-EAST-A1',
            reservation_reference: expect.stringMatching(new RegExp(`^RES-${UUID}-WIDGET-001$`)),
          },
          {
            ...gadget,
            quantity_requested: 1,
            quantity_reserved: 1,
            stock_location: 'WH-CENTRAL-C3',
            reservation_reference: expect.stringMatching(new RegExp(`^RES-${UUID}-GADGET-002$`)),
          },
        ],
      },
      process_payment: {
        payment_processed: true,
        payment_id: expect.stringMatching(new RegExp(`^PAY-${UUID}$`)),
        transaction_id: expect.stringMatching(new RegExp(`^TXN-${UUID}$`)),
        amount_charged: 209.97,
        currency: 'USD',
        payment_method_used: 'credit_card',
        payment_status: 'completed',
        gateway_response: { status: 'succeeded', gateway_fee: 6.09, reference: expect.any(String) },
        processed_at: TIME,
      },
      ship_order: {
        shipment_id: expect.stringMatching(new RegExp(`^SHIP-${UUID}$`)),
        tracking_number: expect.stringMatching(/^1Z[0-9A-F]{16}$/),
        carrier: 'UPS Ground',
        shipping_status: 'label_created',
        shipping_cost: 10.24,
        estimated_delivery: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
        items_shipped: 2,
        shipped_at: TIME,
      },
    });
  });

  it('prints its amounts as exactly these digits', async () => {
    const text = JSON.stringify(resultsOf(await run(order())));
    expect(text).toContain('"order_total":209.97,');
    expect(text).toContain('"total_reserved_value":209.97,');
    expect(text).toContain('"amount_charged":209.97,');
    expect(text).toContain('"gateway_fee":6.09,');
    expect(text).toContain('"shipping_cost":10.24,');
  });

  it('holds its goods for 15 minutes', async () => {
    await run(order());
    const held = await service.rows(
      `SELECT DISTINCT extract(minute FROM expires_at - reserved_at)::integer AS minutes FROM order_fulfillment.reservations`,
    );
    expect(held).toEqual([{ minutes: 15 }]);
  });

  it('is refused a second time, with the first one named', async () => {
    const context = order();
    const { taskUuid } = await run(context);
    const again = service.client.submit(orderRequest({ ...context }));
    await expect(again).rejects.toThrow(DuplicateTaskError);
    await expect(again).rejects.toThrow(taskUuid);
  });

  it('keeps beside each result where it came from', async () => {
    const task = await run(order());
    expect(task.steps.map((step) => step.results?.metadata.custom)).toEqual([
      expect.objectContaining({ operation: 'validate_order', step_type: 'initial' }),
      expect.objectContaining({ operation: 'reserve_inventory', step_type: 'intermediate' }),
      expect.objectContaining({ operation: 'process_payment', step_type: 'intermediate' }),
      expect.objectContaining({ operation: 'ship_order', step_type: 'final' }),
    ]);
  });
});

describe('shipping', () => {
  it.each([
    ['standard', 'UPS Ground', 10.24, '2026-11-30'],
    ['express', 'FedEx', 16.25, '2026-11-25'],
    ['overnight', 'FedEx', 26.25, '2026-11-24'],
  ])('%s goes by %s, costs %d, and arrives in business days', async (method, carrier, cost, arrival) => {
    await service.clock.freeze(new Date('2026-11-23T23:59:59Z'));
    try {
      const { ship_order } = resultsOf(await run(order(shippedBy(method))));
      expect(ship_order).toMatchObject({ carrier, shipping_cost: cost, estimated_delivery: arrival });
    } finally {
      await service.clock.reset();
    }
  });

  it('costs no more than the base up to a pound', async () => {
    const context = order({ items: [{ sku: 'GADGET-002', quantity: 2, price: 1 }] });
    expect(resultsOf(await run(context)).ship_order).toMatchObject({ shipping_cost: 8.99, items_shipped: 1 });
  });
});

describe('an order', () => {
  it('may name a product on several lines: stock is taken for all of them', async () => {
    await setStock(service, 3);
    const line = { sku: 'WIDGET-002', quantity: 1, price: 0.1 };
    const task = await run(order({ items: [line, { ...line, quantity: 2 }] }));
    expect(task.status).toBe('complete');
    expect(resultsOf(task).validate_order).toMatchObject({ order_total: 0.3 });
    expect(resultsOf(task).ship_order).toMatchObject({ items_shipped: 2 });
    expect(await stock(service)).toBe(0);
  });

  it('may cost nothing, and as much as 50000', async () => {
    const free = await run(order({ items: [{ sku: 'GADGET-002', quantity: 1, price: 0 }] }));
    expect(resultsOf(free).process_payment).toMatchObject({ amount_charged: 0 });
    const dear = await run(order({ items: [{ sku: 'GADGET-002', quantity: 1, price: 50_000 }] }));
    expect(resultsOf(dear).process_payment).toMatchObject({
      amount_charged: 50_000,
      gateway_response: { gateway_fee: 1450 },
    });
  });

  it.each([
    [{ customer: undefined }, 'context.customer'],
    [{ customer: { id: 'twelve', email: 'a@example.com' } }, 'context.customer.id'],
    [{ items: [] }, 'context.items'],
    [{ items: Array.from({ length: 51 }, () => SAMPLE_ORDER.items[0]) }, 'context.items'],
    [{ items: [{ sku: 'WIDGET-001', quantity: 0, price: 1 }] }, 'context.items[0].quantity'],
    [{ items: [{ sku: 'WIDGET-001', quantity: 1, price: -1 }] }, 'context.items[0].price'],
    [{ payment: { method: 'cash', token: 'tok' } }, 'context.payment.method'],
    [{ shipping: { method: 'pigeon', address: {} } }, 'context.shipping.method'],
    [{ shipping: { method: 'express', address: 'here' } }, 'context.shipping.address'],
  ])('that does not fit is refused at submit: %j', async (change, path) => {
    const context: JsonObject = JSON.parse(JSON.stringify({ ...SAMPLE_ORDER, ...change }));
    const submitted = service.client.submit(orderRequest(context));
    await expect(submitted).rejects.toThrow(InvalidTaskRequestError);
    await expect(submitted).rejects.toThrow(path);
  });
});
