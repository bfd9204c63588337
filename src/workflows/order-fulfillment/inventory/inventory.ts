import { Injectable } from '@nestjs/common';
import type { ClientBase } from 'pg';
import { Database } from '../../../database/index.js';
import {
  InsufficientStockError,
  ReservationExpiredError,
  ReservationUnusableError,
} from './inventory.errors.js';
import type { Shortage } from './inventory.errors.js';
import {
  CREATE_RESERVATION,
  FIND_RESERVATION,
  LOCK_RESERVATION,
  MARK_SHIPPED,
  RETURN_EXPIRED,
  STOCK_OF,
  TAKE_STOCK,
} from './inventory.statements.js';

export interface Stock {
  readonly available: number;
  readonly location: string;
}

export interface StockLine {
  readonly sku: string;
  readonly quantity: number;
}

export interface Reservation {
  readonly reservedAt: Date;
  readonly expiresAt: Date;
}

/** How many reservations one statement returns to stock. */
const RETURN_BATCH = 100;

/**
 * Counts the goods. What a step does to them it does through a client of `step.transaction`, so that it is done when the
 * step is complete, and not at all when the step fails or is lost.
 */
@Injectable()
export class Inventory {
  constructor(private readonly database: Database) {}

  /** What there is right now, for show: `reserve` decides. */
  async stockOf(skus: readonly string[]): Promise<ReadonlyMap<string, Stock>> {
    const rows = await this.database.query<Stock & { sku: string }>(STOCK_OF, [skus]);
    return new Map(rows.map(({ sku, available, location }) => [sku, { available, location }]));
  }

  /**
   * Takes the lines out of stock for 15 minutes. A second call with the same id finds the reservation, and takes nothing.
   *
   * @throws InsufficientStockError where a line can't be had: the transaction is to be rolled back
   */
  async reserve(
    client: ClientBase,
    reservationId: string,
    lines: readonly StockLine[],
  ): Promise<Reservation> {
    const [created] = await this.database.queryOn<ReservationRow>(client, CREATE_RESERVATION, [
      reservationId,
      lines.map(({ sku }) => sku),
      lines.map(({ quantity }) => quantity),
    ]);
    if (created === undefined) return this.findReservation(client, reservationId);
    const [shortage, ...more] = await this.takeStock(client, reservationId);
    if (shortage !== undefined) throw new InsufficientStockError([shortage, ...more]);
    return reservationOf(created);
  }

  /**
   * Makes a reservation final, and answers with when. One that has expired is as good as any other as long as it has not
   * been returned to stock; after that its lines are taken again.
   *
   * @throws ReservationExpiredError where they can't be had any more, ReservationUnusableError
   */
  async ship(client: ClientBase, reservationId: string, shipmentId: string): Promise<Date> {
    const [reservation] = await this.database.queryOn<LockedReservationRow>(client, LOCK_RESERVATION, [
      reservationId,
    ]);
    if (reservation === undefined) throw new ReservationUnusableError(reservationId, 'does not exist');
    if (reservation.state === 'shipped' && reservation.shipment_id !== shipmentId) {
      throw new ReservationUnusableError(reservationId, 'has been shipped already');
    }
    if (reservation.state === 'returned') {
      const shortages = await this.takeStock(client, reservationId);
      if (shortages.length > 0) throw new ReservationExpiredError(reservationId, shortages);
    }
    const [shipped] = await this.database.queryOn<{ shipped_at: Date }>(client, MARK_SHIPPED, [
      reservationId,
      shipmentId,
    ]);
    if (shipped === undefined) throw new ReservationUnusableError(reservationId, 'does not exist');
    return shipped.shipped_at;
  }

  /** Puts what expired reservations hold back into stock, and answers with how many there were. */
  async returnExpired(): Promise<number> {
    let total = 0;
    for (;;) {
      const [row] = await this.database.query<{ count: number }>(RETURN_EXPIRED, [RETURN_BATCH]);
      const count = row?.count ?? 0;
      total += count;
      if (count < RETURN_BATCH) return total;
    }
  }

  private takeStock(client: ClientBase, reservationId: string): Promise<readonly Shortage[]> {
    return this.database.queryOn<Shortage>(client, TAKE_STOCK, [reservationId]);
  }

  private async findReservation(client: ClientBase, reservationId: string): Promise<Reservation> {
    const [found] = await this.database.queryOn<ReservationRow>(client, FIND_RESERVATION, [reservationId]);
    if (found === undefined) throw new ReservationUnusableError(reservationId, 'does not exist');
    return reservationOf(found);
  }
}

interface ReservationRow {
  readonly reserved_at: Date;
  readonly expires_at: Date;
}

interface LockedReservationRow {
  readonly state: 'held' | 'shipped' | 'returned';
  readonly shipment_id: string | null;
}

function reservationOf(row: ReservationRow): Reservation {
  return { reservedAt: row.reserved_at, expiresAt: row.expires_at };
}
