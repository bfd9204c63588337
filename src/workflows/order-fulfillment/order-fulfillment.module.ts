import { fileURLToPath } from 'node:url';
import { Module } from '@nestjs/common';
import type { DynamicModule, ModuleMetadata } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { TaskerModule } from '../../tasker.module.js';
import { ExpiredReservationsJob } from './inventory/expired-reservations.job.js';
import { Inventory } from './inventory/inventory.js';
import { ReserveInventoryHandler } from './inventory/reserve-inventory.handler.js';
import { PaymentGateway } from './payment/payment.gateway.js';
import { ProcessPaymentHandler } from './payment/process-payment.handler.js';
import { SimulatedPaymentGateway } from './payment/simulated-payment.gateway.js';
import { Carrier } from './shipping/carrier.js';
import { ShipOrderHandler } from './shipping/ship-order.handler.js';
import { SimulatedCarrier } from './shipping/simulated.carrier.js';
import { ExampleCatalogue } from './validation/example.catalogue.js';
import { ProductCatalogue } from './validation/product.catalogue.js';
import { ValidateOrderHandler } from './validation/validate-order.handler.js';

/**
 * Namespace `order_fulfillment`: an order from its validation to its shipment, with tables of its own. Its template is in
 * `config/tasks/order_fulfillment`.
 */
@Module({
  imports: [
    ScheduleModule.forRoot(),
    TaskerModule.forFeature({
      namespace: 'order_fulfillment',
      migrations: fileURLToPath(new URL('./migrations', import.meta.url)),
    }),
  ],
  providers: [
    ValidateOrderHandler,
    ReserveInventoryHandler,
    ProcessPaymentHandler,
    ShipOrderHandler,
    Inventory,
    ExpiredReservationsJob,
    { provide: ProductCatalogue, useClass: ExampleCatalogue },
    { provide: PaymentGateway, useClass: SimulatedPaymentGateway },
    { provide: Carrier, useClass: SimulatedCarrier },
  ],
})
export class OrderFulfillmentModule {
  /**
   * The module with a catalogue, payment gateway or carrier of yours in place of the simulated ones:
   *
   *     OrderFulfillmentModule.with({ providers: [{ provide: PaymentGateway, useClass: StripeGateway }] })
   */
  static with({
    imports = [],
    providers = [],
  }: Pick<ModuleMetadata, 'imports' | 'providers'>): DynamicModule {
    // Nest adds these to the module's own; of two under one token the later one counts.
    return { module: OrderFulfillmentModule, imports, providers };
  }
}
