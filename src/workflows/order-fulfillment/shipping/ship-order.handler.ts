import { StepExecutionResult, StepHandler } from '../../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../../worker/index.js';
import type {
  BusinessWorkflowContext,
  ShipOrderDependencies,
  ShipOrderResult,
} from '../business-workflow.types.js';
import { Inventory } from '../inventory/inventory.js';
import { fromCents } from '../money.js';
import { dependencyResult } from '../order-step.errors.js';
import { Carrier } from './carrier.js';
import { readShippingInfo } from './shipping-info.reader.js';

/** Makes the reservation final, and has the carrier make a label. */
@StepHandler('ship_order')
export class ShipOrderHandler implements StepHandlerContract<
  BusinessWorkflowContext,
  ShipOrderResult,
  ShipOrderDependencies
> {
  constructor(
    private readonly inventory: Inventory,
    private readonly carrier: Carrier,
  ) {}

  async call(
    step: TaskSequenceStep<BusinessWorkflowContext, ShipOrderDependencies>,
  ): Promise<StepExecutionResult<ShipOrderResult>> {
    const { validated_items: items } = dependencyResult(step, 'validate_order');
    const { reservation_id: reservationId } = dependencyResult(step, 'reserve_inventory');
    dependencyResult(step, 'process_payment');
    const { method, address } = readShippingInfo(step.context);

    const shipmentId = `SHIP-${step.idempotencyKey}`;
    // The transaction stays open until the step is complete: without a label nothing has been shipped.
    const shippedAt = await step.transaction((client) =>
      this.inventory.ship(client, reservationId, shipmentId),
    );
    const label = await this.carrier.createLabel({
      idempotencyKey: step.idempotencyKey,
      method,
      address,
      units: items.reduce((units, { quantity }) => units + quantity, 0),
      shippedAt,
      signal: step.signal,
    });
    return StepExecutionResult.success(
      {
        shipment_id: shipmentId,
        tracking_number: label.trackingNumber,
        carrier: label.carrier,
        shipping_status: 'label_created',
        shipping_cost: fromCents(label.cost),
        estimated_delivery: label.estimatedDelivery,
        items_shipped: items.length,
        shipped_at: shippedAt.toISOString(),
      },
      {
        operation: 'ship_order',
        step_type: 'final',
        input_refs: {
          items: 'dependencies.validate_order.validated_items',
          reservation_id: 'dependencies.reserve_inventory.reservation_id',
          payment_id: 'dependencies.process_payment.payment_id',
          shipping: 'context.shipping',
        },
      },
    );
  }
}
