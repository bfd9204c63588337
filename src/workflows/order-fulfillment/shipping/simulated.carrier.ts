import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { addBusinessDays } from './business-days.js';
import { Carrier } from './carrier.js';
import type { Label, LabelRequest } from './carrier.js';
import { SERVICES, shippingCost } from './shipping.rates.js';

/** A carrier to try the workflow with. It keeps no books: the same key gives the same label. */
@Injectable()
export class SimulatedCarrier extends Carrier {
  async createLabel({ idempotencyKey, method, units, shippedAt }: LabelRequest): Promise<Label> {
    const { carrier, businessDays } = SERVICES[method];
    const digest = createHash('sha256').update(idempotencyKey).digest('hex');
    return {
      carrier,
      trackingNumber: `1Z${digest.slice(0, 16).toUpperCase()}`,
      cost: shippingCost(method, units),
      estimatedDelivery: addBusinessDays(shippedAt, businessDays),
    };
  }
}
