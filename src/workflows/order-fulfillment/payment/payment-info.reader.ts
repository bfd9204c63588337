import { isObject, isText } from '../json-value.guards.js';
import { OrderValidationError } from '../order-step.errors.js';
import type { UnreadOrder } from '../order.context.js';
import { PAYMENT_METHODS } from './payment.gateway.js';
import type { PaymentMethod } from './payment.gateway.js';

export interface PaymentInfo {
  readonly method: PaymentMethod;
  readonly token: string;
}

/** @throws OrderValidationError */
export function readPaymentInfo({ payment }: UnreadOrder<'payment'>): PaymentInfo {
  if (!isObject(payment)) {
    throw new OrderValidationError('MISSING_PAYMENT_INFO', 'The order does not say how it is paid', {
      field: 'payment',
    });
  }
  const method = PAYMENT_METHODS.find((known) => known === payment.method);
  if (method === undefined) {
    throw new OrderValidationError(
      'MISSING_PAYMENT_METHOD',
      `The payment's method is expected to be one of ${PAYMENT_METHODS.join(', ')}`,
      { field: 'payment.method' },
    );
  }
  if (!isText(payment.token)) {
    throw new OrderValidationError('MISSING_PAYMENT_TOKEN', 'The payment has no token', {
      field: 'payment.token',
    });
  }
  return { method, token: payment.token };
}
