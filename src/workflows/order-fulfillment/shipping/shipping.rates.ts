import type { Cents } from '../money.js';
import type { ShippingMethod } from './carrier.js';

interface Service {
  readonly carrier: string;
  readonly base: Cents;
  readonly businessDays: number;
}

export const SERVICES: Readonly<Record<ShippingMethod, Service>> = {
  standard: { carrier: 'UPS Ground', base: 8_99n, businessDays: 5 },
  express: { carrier: 'FedEx', base: 15_00n, businessDays: 2 },
  overnight: { carrier: 'FedEx', base: 25_00n, businessDays: 1 },
};

/** A piece weighs half a pound, so weights are counted in halves. The first pound is in the base. */
const HALF_POUNDS_IN_BASE = 2;
/** 2.50 a pound. */
const CENTS_PER_HALF_POUND = 1_25n;

/** What it costs to send so many pieces: the base, and 2.50 for each pound over the first. */
export function shippingCost(method: ShippingMethod, units: number): Cents {
  const charged = BigInt(Math.max(0, units - HALF_POUNDS_IN_BASE));
  return SERVICES[method].base + charged * CENTS_PER_HALF_POUND;
}
