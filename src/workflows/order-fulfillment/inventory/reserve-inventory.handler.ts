import { StepExecutionResult, StepHandler } from '../../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../../worker/index.js';
import type {
  BusinessWorkflowContext,
  ReserveInventoryDependencies,
  ReserveInventoryResult,
} from '../business-workflow.types.js';
import { dependencyResult } from '../order-step.errors.js';
import { Inventory } from './inventory.js';

/** Takes the order's items out of stock, for 15 minutes or until they are shipped. */
@StepHandler('reserve_inventory')
export class ReserveInventoryHandler implements StepHandlerContract<
  BusinessWorkflowContext,
  ReserveInventoryResult,
  ReserveInventoryDependencies
> {
  constructor(private readonly inventory: Inventory) {}

  async call(
    step: TaskSequenceStep<BusinessWorkflowContext, ReserveInventoryDependencies>,
  ): Promise<StepExecutionResult<ReserveInventoryResult>> {
    const { validated_items: items, order_total: total } = dependencyResult(step, 'validate_order');
    const stock = await this.inventory.stockOf(items.map(({ sku }) => sku));
    const reservationId = `RES-${step.idempotencyKey}`;
    const { reservedAt, expiresAt } = await step.transaction((client) =>
      this.inventory.reserve(client, reservationId, items),
    );
    return StepExecutionResult.success(
      {
        reservation_id: reservationId,
        items_reserved: items.length,
        reservation_status: 'confirmed',
        total_reserved_value: total,
        reserved_at: reservedAt.toISOString(),
        expires_at: expiresAt.toISOString(),
        reservation_details: items.map((item) => ({
          sku: item.sku,
          product_name: item.product_name,
          quantity_requested: item.quantity,
          quantity_reserved: item.quantity,
          unit_price: item.unit_price,
          line_total: item.line_total,
          stock_location: stock.get(item.sku)?.location ?? 'unknown',
          reservation_reference: `${reservationId}-${item.sku}`,
        })),
      },
      {
        operation: 'reserve_inventory',
        step_type: 'intermediate',
        input_refs: { items: 'dependencies.validate_order.validated_items' },
      },
    );
  }
}
