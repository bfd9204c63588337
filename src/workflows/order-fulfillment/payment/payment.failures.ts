import { StepExecutionResult } from '../../../worker/index.js';
import type { StepFailure, StepFailureOptions } from '../../../worker/index.js';
import type { FailedCharge } from './payment.gateway.js';

/** Not retryable where the customer has to act; retryable where time may help. */
const FAILURES: Readonly<Record<FailedCharge['status'], StepFailureOptions>> = {
  declined: {
    errorCode: 'PAYMENT_DECLINED',
    message: 'The payment was declined',
    retryable: false,
  },
  auth_failed: {
    errorCode: 'PAYMENT_AUTH_FAILED',
    message: 'The customer could not be authenticated for the payment',
    retryable: false,
  },
  rate_limited: {
    errorCode: 'PAYMENT_RATE_LIMITED',
    message: 'The payment gateway takes no more requests for now',
    retryable: true,
  },
  timeout: {
    errorCode: 'PAYMENT_TIMEOUT',
    message: 'The payment gateway did not answer in time',
    retryable: true,
  },
};

/** How the step fails where nothing was charged. What the gateway says about when to come back is obeyed. */
export function paymentFailure(failed: FailedCharge): StepFailure {
  const retryAfter = failed.status === 'rate_limited' ? { retryAfterSeconds: failed.retryAfterSeconds } : {};
  return StepExecutionResult.failure({
    ...FAILURES[failed.status],
    errorType: 'PaymentError',
    ...retryAfter,
  });
}
