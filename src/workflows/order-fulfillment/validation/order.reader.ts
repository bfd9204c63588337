import type { JsonList, JsonValue } from '../../../engine/index.js';
import { isList, isObject, isText } from '../json-value.guards.js';
import { toCents } from '../money.js';
import type { Cents } from '../money.js';
import { OrderValidationError } from '../order-step.errors.js';
import type { UnreadOrder } from '../order.context.js';

export interface OrderItem {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPrice: Cents;
}

/**
 * Reads an order's customer from the task's context. The `input_schema` has checked most of this at submit already; a task
 * may have come in by another way, and what it lacks is then said here.
 *
 * @throws OrderValidationError
 */
export function readCustomerId({ customer }: UnreadOrder<'customer'>): number {
  if (!isObject(customer)) {
    throw new OrderValidationError('MISSING_CUSTOMER_INFO', 'The order has no customer', {
      field: 'customer',
    });
  }
  const { id, email } = customer;
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) {
    throw new OrderValidationError('MISSING_CUSTOMER_ID', 'The customer has no id, a whole number', {
      field: 'customer.id',
    });
  }
  if (!isText(email)) {
    throw new OrderValidationError('MISSING_CUSTOMER_EMAIL', 'The customer has no email', {
      field: 'customer.email',
    });
  }
  return id;
}

/** The order's items, not read yet. */
export function readItems({ items }: UnreadOrder<'items'>): JsonList {
  if (!isList(items)) {
    throw new OrderValidationError('MISSING_ORDER_ITEMS', 'The order has no list of items', {
      field: 'items',
    });
  }
  if (items.length === 0) {
    throw new OrderValidationError('EMPTY_ORDER_ITEMS', "The order's list of items is empty", {
      field: 'items',
    });
  }
  return items;
}

/** @param index counted from 0; people are told the position, counted from 1 */
export function readItem(item: JsonValue, index: number): OrderItem {
  const { sku, quantity, price } = isObject(item) ? item : {};
  if (!isText(sku) || quantity === undefined || price === undefined) {
    throw new OrderValidationError(
      'INVALID_ORDER_ITEM',
      `Item at position ${index + 1}: expected sku, quantity and price`,
      { field: `items[${index}]`, position: index + 1 },
    );
  }
  if (typeof quantity !== 'number' || !Number.isSafeInteger(quantity) || quantity < 1) {
    throw new OrderValidationError(
      'INVALID_QUANTITY',
      `Item at position ${index + 1} (${sku}): expected a quantity of at least 1, got ${JSON.stringify(quantity)}`,
      { field: `items[${index}].quantity`, position: index + 1, sku, quantity },
    );
  }
  const unitPrice = typeof price === 'number' ? toCents(price) : null;
  if (unitPrice === null) {
    throw new OrderValidationError(
      'INVALID_PRICE',
      `Item at position ${index + 1} (${sku}): expected a price of at least 0, with at most two decimals, got ${JSON.stringify(price)}`,
      { field: `items[${index}].price`, position: index + 1, sku, price },
    );
  }
  return { sku, quantity, unitPrice };
}
