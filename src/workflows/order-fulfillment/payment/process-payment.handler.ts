import { StepExecutionResult, StepHandler } from '../../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../../worker/index.js';
import type {
  BusinessWorkflowContext,
  ProcessPaymentDependencies,
  ProcessPaymentResult,
} from '../business-workflow.types.js';
import { fromCents, toCents } from '../money.js';
import { dependencyResult, MissingDependencyResultsError } from '../order-step.errors.js';
import { readPaymentInfo } from './payment-info.reader.js';
import { paymentFailure } from './payment.failures.js';
import { PaymentGateway } from './payment.gateway.js';

const CURRENCY = 'USD';

/**
 * Charges the order's total. The gateway is not part of any transaction of ours: a worker may be lost after the charge and
 * before the step is complete, and then the step runs again. The idempotency key, the same for every attempt, keeps that
 * from being a second charge.
 */
@StepHandler('process_payment')
export class ProcessPaymentHandler implements StepHandlerContract<
  BusinessWorkflowContext,
  ProcessPaymentResult,
  ProcessPaymentDependencies
> {
  constructor(private readonly gateway: PaymentGateway) {}

  async call(
    step: TaskSequenceStep<BusinessWorkflowContext, ProcessPaymentDependencies>,
  ): Promise<StepExecutionResult<ProcessPaymentResult>> {
    const { order_total: total } = dependencyResult(step, 'validate_order');
    dependencyResult(step, 'reserve_inventory');
    const amount = toCents(total);
    if (amount === null) throw new MissingDependencyResultsError('validate_order', 'order_total');
    const { method, token } = readPaymentInfo(step.context);

    // A charge can't be taken back: not for a step that is no longer ours.
    await step.heartbeat();
    const outcome = await this.gateway.charge({
      idempotencyKey: step.idempotencyKey,
      amount,
      currency: CURRENCY,
      method,
      token,
      signal: step.signal,
    });
    if (outcome.status !== 'succeeded') return paymentFailure(outcome);
    const { charge } = outcome;
    return StepExecutionResult.success(
      {
        payment_processed: true,
        payment_id: charge.paymentId,
        transaction_id: charge.transactionId,
        amount_charged: fromCents(charge.amount),
        currency: charge.currency,
        payment_method_used: method,
        payment_status: 'completed',
        gateway_response: {
          status: outcome.status,
          gateway_fee: fromCents(charge.fee),
          reference: `${charge.paymentId}-${charge.transactionId}`,
        },
        processed_at: charge.chargedAt.toISOString(),
      },
      {
        operation: 'process_payment',
        step_type: 'intermediate',
        input_refs: {
          amount: 'dependencies.validate_order.order_total',
          reservation_id: 'dependencies.reserve_inventory.reservation_id',
          payment: 'context.payment',
        },
      },
    );
  }
}
