import type { JsonObject, TaskRequest } from '../../src/index.js';

/** The sample order. */
export const SAMPLE_ORDER = {
  customer: { id: 12345, name: 'John Doe', email: 'john.doe@example.com' },
  items: [
    { sku: 'WIDGET-001', quantity: 2, price: 29.99 },
    { sku: 'GADGET-002', quantity: 1, price: 149.99 },
  ],
  payment: { method: 'credit_card', token: 'tok_1234567890abcdef' },
  shipping: {
    method: 'standard',
    address: { street: '123 Main St', city: 'Anytown', state: 'CA', zip: '12345', country: 'US' },
  },
} satisfies JsonObject;

let run = 0;

/** The sample order with changes; no two are the same to the service. */
export function order(changes: JsonObject = {}): JsonObject {
  run += 1;
  return { ...SAMPLE_ORDER, ...changes, run };
}

export function orderRequest(context: JsonObject, version = '1.0.0'): TaskRequest {
  return { namespace: 'order_fulfillment', name: 'business_workflow', version, context };
}

export function paidWith(token: string): JsonObject {
  return { payment: { method: 'credit_card', token } };
}

export function shippedBy(method: string): JsonObject {
  return { shipping: { ...SAMPLE_ORDER.shipping, method } };
}
