import type { JsonObject } from '../../../engine/index.js';
import { isObject } from '../json-value.guards.js';
import { OrderValidationError } from '../order-step.errors.js';
import type { UnreadOrder } from '../order.context.js';
import { SHIPPING_METHODS } from './carrier.js';
import type { ShippingMethod } from './carrier.js';

export interface ShippingInfo {
  readonly method: ShippingMethod;
  readonly address: JsonObject;
}

/** @throws OrderValidationError */
export function readShippingInfo({ shipping }: UnreadOrder<'shipping'>): ShippingInfo {
  if (!isObject(shipping)) {
    throw new OrderValidationError('MISSING_SHIPPING_INFO', 'The order does not say how it is shipped', {
      field: 'shipping',
    });
  }
  const method = SHIPPING_METHODS.find((known) => known === shipping.method);
  if (method === undefined) {
    throw new OrderValidationError(
      'MISSING_SHIPPING_METHOD',
      `The shipping method is expected to be one of ${SHIPPING_METHODS.join(', ')}`,
      { field: 'shipping.method' },
    );
  }
  if (!isObject(shipping.address)) {
    throw new OrderValidationError('MISSING_SHIPPING_ADDRESS', 'The order has no address to ship to', {
      field: 'shipping.address',
    });
  }
  return { method, address: shipping.address };
}
