/** The results of the four steps, as the template's `result_schema`s describe them. Amounts are in the order's currency. */

export interface ValidatedItem {
  readonly sku: string;
  readonly product_name: string;
  readonly quantity: number;
  readonly unit_price: number;
  readonly line_total: number;
  readonly available_stock: number;
  readonly category: string;
}

export interface ValidatedOrder {
  readonly customer_validated: true;
  readonly customer_id: number;
  readonly validated_items: readonly ValidatedItem[];
  readonly order_total: number;
  readonly validation_status: 'complete';
  readonly validated_at: string;
}

export interface ReservedItem {
  readonly sku: string;
  readonly product_name: string;
  readonly quantity_requested: number;
  readonly quantity_reserved: number;
  readonly unit_price: number;
  readonly line_total: number;
  readonly stock_location: string;
  readonly reservation_reference: string;
}

export interface ReservedInventory {
  readonly reservation_id: string;
  /** How many lines of the order. */
  readonly items_reserved: number;
  readonly reservation_status: 'confirmed';
  readonly total_reserved_value: number;
  readonly reserved_at: string;
  readonly expires_at: string;
  readonly reservation_details: readonly ReservedItem[];
}

export interface ProcessedPayment {
  readonly payment_processed: true;
  readonly payment_id: string;
  readonly transaction_id: string;
  readonly amount_charged: number;
  readonly currency: string;
  readonly payment_method_used: string;
  readonly payment_status: 'completed';
  readonly gateway_response: {
    readonly status: string;
    readonly gateway_fee: number;
    readonly reference: string;
  };
  readonly processed_at: string;
}

export interface ShippedOrder {
  readonly shipment_id: string;
  readonly tracking_number: string;
  readonly carrier: string;
  readonly shipping_status: 'label_created';
  readonly shipping_cost: number;
  /** A date, `2026-11-23`. */
  readonly estimated_delivery: string;
  /** How many lines of the order. */
  readonly items_shipped: number;
  readonly shipped_at: string;
}
