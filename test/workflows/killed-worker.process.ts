/**
 * A worker that dies, as if killed, right after the payment gateway has charged: the step is not complete then. Its
 * argument is the URL of the database.
 */
import process from 'node:process';

import { Injectable } from '@nestjs/common';

import { WorkerBootstrap } from '../../src/index.js';
import { OrderFulfillmentModule } from '../../src/workflows/order-fulfillment/order-fulfillment.module.js';
import { PaymentGateway } from '../../src/workflows/order-fulfillment/payment/payment.gateway.js';
import type {
  ChargeOutcome,
  ChargeRequest,
} from '../../src/workflows/order-fulfillment/payment/payment.gateway.js';
import { SimulatedPaymentGateway } from '../../src/workflows/order-fulfillment/payment/simulated-payment.gateway.js';

@Injectable()
class FatalGateway extends SimulatedPaymentGateway {
  override async charge(request: ChargeRequest): Promise<ChargeOutcome> {
    await super.charge(request);
    process.kill(process.pid, 'SIGKILL');
    // Not returned from: the signal may take a moment.
    return new Promise(() => undefined);
  }
}

await WorkerBootstrap.bootstrap({
  imports: [
    OrderFulfillmentModule.with({ providers: [{ provide: PaymentGateway, useClass: FatalGateway }] }),
  ],
  enableWebApi: false,
  logger: ['error', 'fatal'],
  settings: { databaseUrl: process.argv[2], environment: 'test' },
});
