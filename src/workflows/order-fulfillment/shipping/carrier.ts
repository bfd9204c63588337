import type { JsonObject } from '../../../engine/index.js';
import type { Cents } from '../money.js';

export const SHIPPING_METHODS = ['standard', 'express', 'overnight'] as const;

export type ShippingMethod = (typeof SHIPPING_METHODS)[number];

export interface LabelRequest {
  /** The carrier makes one label for a key, however often it is asked. */
  readonly idempotencyKey: string;
  readonly method: ShippingMethod;
  readonly address: JsonObject;
  /** How many pieces, of all products together. */
  readonly units: number;
  readonly shippedAt: Date;
  /** Fires when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface Label {
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly cost: Cents;
  /** A date, `2026-11-23`. */
  readonly estimatedDelivery: string;
}

/** Takes parcels. Provide your own under this token; `SimulatedCarrier` where there is no other. */
export abstract class Carrier {
  abstract createLabel(request: LabelRequest): Promise<Label>;
}
