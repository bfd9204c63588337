import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Inventory } from './inventory.js';

const EVERY_MS = 30_000;

/** Returns what expired reservations hold to stock. Runs in every process; they share the work. */
@Injectable()
export class ExpiredReservationsJob {
  private readonly logger = new Logger(ExpiredReservationsJob.name);

  constructor(private readonly inventory: Inventory) {}

  @Interval('order_fulfillment_expired_reservations', EVERY_MS)
  async run(): Promise<void> {
    try {
      const count = await this.inventory.returnExpired();
      if (count > 0) this.logger.log(`Returned ${count} expired reservation(s) to stock`);
    } catch (error) {
      this.logger.warn(`Expired reservations could not be returned, trying again: ${String(error)}`);
    }
  }
}
