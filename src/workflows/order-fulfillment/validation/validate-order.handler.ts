import type { JsonList } from '../../../engine/index.js';
import { StepExecutionResult, StepHandler } from '../../../worker/index.js';
import type { StepHandlerContract, TaskSequenceStep } from '../../../worker/index.js';
import type {
  BusinessWorkflowContext,
  ValidateOrderDependencies,
  ValidateOrderResult,
} from '../business-workflow.types.js';
import { Inventory } from '../inventory/inventory.js';
import { isObject, isText } from '../json-value.guards.js';
import { formatCents, fromCents } from '../money.js';
import type { Cents } from '../money.js';
import { OrderValidationError } from '../order-step.errors.js';
import { readCustomerId, readItem, readItems } from './order.reader.js';
import type { OrderItem } from './order.reader.js';
import { ProductCatalogue } from './product.catalogue.js';
import type { Product } from './product.catalogue.js';

interface OrderLine extends OrderItem {
  readonly product: Product;
  readonly total: Cents;
}

const HIGHEST_TOTAL: Cents = 50_000_00n;

/** Checks the customer and each item against the catalogue, and adds the order up. */
@StepHandler('validate_order')
export class ValidateOrderHandler implements StepHandlerContract<
  BusinessWorkflowContext,
  ValidateOrderResult,
  ValidateOrderDependencies
> {
  constructor(
    private readonly catalogue: ProductCatalogue,
    private readonly inventory: Inventory,
  ) {}

  async call(
    step: TaskSequenceStep<BusinessWorkflowContext, ValidateOrderDependencies>,
  ): Promise<StepExecutionResult<ValidateOrderResult>> {
    const customerId = readCustomerId(step.context);
    const items = readItems(step.context);
    const skus = skusOf(items);
    const products = await this.catalogue.find(skus);
    // Item by item, so that the first thing wrong with the first bad item is what is told.
    const lines = items.map((item, index) => orderLine(readItem(item, index), index, products));
    const total = orderTotal(lines);
    const stock = await this.inventory.stockOf(skus);

    return StepExecutionResult.success(
      {
        customer_validated: true,
        customer_id: customerId,
        validated_items: lines.map((line) => ({
          sku: line.sku,
          product_name: line.product.name,
          quantity: line.quantity,
          unit_price: fromCents(line.unitPrice),
          line_total: fromCents(line.total),
          available_stock: stock.get(line.sku)?.available ?? 0,
          category: line.product.category,
        })),
        order_total: fromCents(total),
        validation_status: 'complete',
        validated_at: new Date().toISOString(),
      },
      {
        operation: 'validate_order',
        step_type: 'initial',
        input_refs: { customer: 'context.customer', items: 'context.items' },
      },
    );
  }
}

/** Asked for in one go, before the items are read one by one: of what is wrong with an item, `readItem` tells. */
function skusOf(items: JsonList): readonly string[] {
  return items.flatMap((item) => (isObject(item) && isText(item.sku) ? [item.sku] : []));
}

function orderLine(item: OrderItem, index: number, products: ReadonlyMap<string, Product>): OrderLine {
  const product = products.get(item.sku);
  if (product === undefined) {
    throw new OrderValidationError(
      'PRODUCT_NOT_FOUND',
      `Item at position ${index + 1}: there is no product ${item.sku}`,
      { field: `items[${index}].sku`, position: index + 1, sku: item.sku },
    );
  }
  return { ...item, product, total: item.unitPrice * BigInt(item.quantity) };
}

function orderTotal(lines: readonly OrderLine[]): Cents {
  const total = lines.reduce((sum, line) => sum + line.total, 0n);
  if (total > HIGHEST_TOTAL) {
    throw new OrderValidationError(
      'ORDER_TOTAL_TOO_HIGH',
      `The order's total is ${formatCents(total)}; at most ${formatCents(HIGHEST_TOTAL)} is accepted`,
      { order_total: formatCents(total), highest_total: formatCents(HIGHEST_TOTAL) },
    );
  }
  return total;
}
