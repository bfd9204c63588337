import type { Cents } from '../money.js';

export const PAYMENT_METHODS = ['credit_card', 'debit_card', 'paypal'] as const;

export type PaymentMethod = (typeof PAYMENT_METHODS)[number];

export interface ChargeRequest {
  /** The gateway charges once for a key, however often it is asked. */
  readonly idempotencyKey: string;
  readonly amount: Cents;
  readonly currency: string;
  readonly method: PaymentMethod;
  readonly token: string;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface Charge {
  readonly paymentId: string;
  readonly transactionId: string;
  readonly amount: Cents;
  /** What the gateway keeps for itself. */
  readonly fee: Cents;
  readonly currency: string;
  readonly chargedAt: Date;
}

/** What became of a request. What the gateway did not foresee it throws. */
export type ChargeOutcome = { readonly status: 'succeeded'; readonly charge: Charge } | FailedCharge;

/** A `timeout` may have charged all the same: only a repeat with the same key tells. */
export type FailedCharge =
  | { readonly status: 'declined' | 'auth_failed' | 'timeout' }
  | { readonly status: 'rate_limited'; readonly retryAfterSeconds: number };

/** Takes money. Provide your own under this token; `SimulatedPaymentGateway` where there is no other. */
export abstract class PaymentGateway {
  abstract charge(request: ChargeRequest): Promise<ChargeOutcome>;
}
