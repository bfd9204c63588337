import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from '../../../database/index.js';
import type { Statement } from '../../../database/index.js';
import { perMille } from '../money.js';
import { PaymentGateway } from './payment.gateway.js';
import type { ChargeOutcome, ChargeRequest, FailedCharge } from './payment.gateway.js';

/** Tokens that are answered otherwise than with a charge. */
const FAILURES: ReadonlyMap<string, FailedCharge> = new Map<string, FailedCharge>([
  ['tok_test_declined', { status: 'declined' }],
  ['tok_test_auth_failed', { status: 'auth_failed' }],
  ['tok_test_rate_limited', { status: 'rate_limited', retryAfterSeconds: 60 }],
  ['tok_test_timeout', { status: 'timeout' }],
]);

/** 2.9 %. */
const FEE_PER_MILLE = 29n;

/** Answers with the charge of the key: the new one, or the one that was there. */
const CHARGE_ONCE: Statement = {
  name: 'order_fulfillment_charge_once',
  text: `
    INSERT INTO order_fulfillment.payment_ledger AS entry
      (idempotency_key, payment_id, transaction_id, amount_cents, fee_cents, currency, method, charged_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, tasker.current_time())
    ON CONFLICT (idempotency_key) DO UPDATE SET idempotency_key = entry.idempotency_key
    RETURNING payment_id, transaction_id, amount_cents, fee_cents, currency, charged_at`,
};

interface ChargeRow {
  readonly payment_id: string;
  readonly transaction_id: string;
  /** PostgreSQL's bigint comes as a text. */
  readonly amount_cents: string;
  readonly fee_cents: string;
  readonly currency: string;
  readonly charged_at: Date;
}

/**
 * A gateway to try the workflow with: it answers by token. Its ledger is written on a connection of its own and at once,
 * outside the step's transaction, as a real gateway's is: what it charged stays charged when the step is lost.
 */
@Injectable()
export class SimulatedPaymentGateway extends PaymentGateway {
  constructor(private readonly database: Database) {
    super();
  }

  async charge(request: ChargeRequest): Promise<ChargeOutcome> {
    const failure = FAILURES.get(request.token);
    if (failure !== undefined) return failure;
    const [row] = await this.database.query<ChargeRow>(CHARGE_ONCE, [
      request.idempotencyKey,
      `PAY-${randomUUID()}`,
      `TXN-${randomUUID()}`,
      request.amount,
      perMille(request.amount, FEE_PER_MILLE),
      request.currency,
      request.method,
    ]);
    if (row === undefined) throw new Error('The ledger did not answer with the charge');
    return {
      status: 'succeeded',
      charge: {
        paymentId: row.payment_id,
        transactionId: row.transaction_id,
        amount: BigInt(row.amount_cents),
        fee: BigInt(row.fee_cents),
        currency: row.currency,
        chargedAt: row.charged_at,
      },
    };
  }
}
