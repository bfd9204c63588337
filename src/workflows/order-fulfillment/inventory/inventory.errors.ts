import { PermanentStepError, RetryableStepError } from '../../../worker/index.js';

/** A line of an order for which there is not enough in stock. */
export interface Shortage {
  readonly sku: string;
  readonly quantity: number;
  readonly available: number;
}

/** Not enough in stock for an order. Retryable: reservations expire, and goods come in. */
export class InsufficientStockError extends RetryableStepError {
  constructor(shortages: readonly [Shortage, ...Shortage[]]) {
    const [{ sku, quantity, available }] = shortages;
    super(`Not enough in stock: ${describe(shortages)}`, {
      errorCode: 'INSUFFICIENT_STOCK',
      errorType: 'InventoryError',
      context: { sku, quantity, available, shortages: shortages.map((shortage) => ({ ...shortage })) },
    });
  }
}

/**
 * The goods of a reservation went back into stock when it expired, and have been taken by others since. Not retryable: the
 * order has been paid, so a person decides, and may reset the step once there are goods again.
 */
export class ReservationExpiredError extends PermanentStepError {
  constructor(reservationId: string, shortages: readonly Shortage[]) {
    super(`Reservation ${reservationId} has expired, and not enough is left: ${describe(shortages)}`, {
      errorCode: 'RESERVATION_EXPIRED',
      errorType: 'InventoryError',
      context: { reservation_id: reservationId, shortages: shortages.map((shortage) => ({ ...shortage })) },
    });
  }
}

/** A reservation that never was, or that another shipment has used up: its id was given by hand. */
export class ReservationUnusableError extends PermanentStepError {
  constructor(reservationId: string, problem: 'does not exist' | 'has been shipped already') {
    super(`Reservation ${reservationId} ${problem}`, {
      errorCode: 'RESERVATION_UNUSABLE',
      errorType: 'InventoryError',
      context: { reservation_id: reservationId },
    });
  }
}

function describe(shortages: readonly Shortage[]): string {
  return shortages
    .map(({ sku, quantity, available }) => `${sku}, ${quantity} wanted, ${available} available`)
    .join('; ');
}
