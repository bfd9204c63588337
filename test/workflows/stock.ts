import type { JsonObject } from '../../src/index.js';
import type { Service } from './service.js';

/** What an order for so many pieces of WIDGET-002 consists of; the functions below are about the same product. */
export function pieces(quantity: number): JsonObject {
  return { items: [{ sku: 'WIDGET-002', quantity, price: 9.99 }] };
}

/** No reservations, and so many pieces in stock. */
export async function resetStock(service: Service, available: number): Promise<void> {
  await service.rows('TRUNCATE order_fulfillment.reservations, order_fulfillment.reserved_lines');
  await setStock(service, available);
}

export async function setStock(service: Service, available: number): Promise<void> {
  await service.rows(`UPDATE order_fulfillment.stock SET available = $1 WHERE sku = 'WIDGET-002'`, [
    available,
  ]);
}

export async function stock(service: Service): Promise<number | undefined> {
  const [row] = await service.rows<{ available: number }>(
    `SELECT available FROM order_fulfillment.stock WHERE sku = 'WIDGET-002'`,
  );
  return row?.available;
}

/** How many reservations there are in each state, and of how many pieces of anything. */
export function reservations(service: Service): Promise<{ state: string; count: number; pieces: number }[]> {
  return service.rows(`
    SELECT r.state, count(DISTINCT r.reservation_id)::integer AS count, sum(l.quantity)::integer AS pieces
    FROM order_fulfillment.reservations r JOIN order_fulfillment.reserved_lines l USING (reservation_id)
    GROUP BY r.state`);
}
