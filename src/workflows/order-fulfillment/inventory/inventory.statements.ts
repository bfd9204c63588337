import type { Statement } from '../../../database/index.js';

/** Tables and lock order: `migrations/0001_inventory.sql`. The database's clock decides what has expired. */

export const STOCK_OF: Statement = {
  name: 'order_fulfillment_stock_of',
  text: `
    SELECT sku, available, location
    FROM order_fulfillment.stock
    WHERE sku = ANY ($1::text[])`,
};

/** No row: the reservation was there already. An sku that is on several lines is reserved once, for all of them. */
export const CREATE_RESERVATION: Statement = {
  name: 'order_fulfillment_create_reservation',
  text: `
    WITH clock AS MATERIALIZED (
      SELECT tasker.current_time() AS now
    ), reservation AS (
      INSERT INTO order_fulfillment.reservations (reservation_id, reserved_at, expires_at)
      SELECT $1, now, now + interval '15 minutes' FROM clock
      ON CONFLICT (reservation_id) DO NOTHING
      RETURNING reservation_id, reserved_at, expires_at
    ), lines AS (
      INSERT INTO order_fulfillment.reserved_lines (reservation_id, sku, quantity)
      SELECT r.reservation_id, line.sku, sum(line.quantity)
      FROM reservation r CROSS JOIN unnest($2::text[], $3::bigint[]) AS line (sku, quantity)
      GROUP BY r.reservation_id, line.sku
    )
    SELECT reserved_at, expires_at FROM reservation`,
};

export const FIND_RESERVATION: Statement = {
  name: 'order_fulfillment_find_reservation',
  text: `
    SELECT reserved_at, expires_at
    FROM order_fulfillment.reservations
    WHERE reservation_id = $1`,
};

/**
 * Takes the lines of a reservation out of stock; answers with those for which there is not enough, and the caller then rolls
 * back. Locks the stock rows by sku first, and reads them as they are once locked: two orders for the last item take turns,
 * in whatever order their lines come.
 */
export const TAKE_STOCK: Statement = {
  name: 'order_fulfillment_take_stock',
  text: `
    WITH line AS MATERIALIZED (
      SELECT sku, quantity FROM order_fulfillment.reserved_lines WHERE reservation_id = $1
    ), locked AS MATERIALIZED (
      SELECT s.sku, s.available
      FROM order_fulfillment.stock s
      WHERE s.sku IN (SELECT sku FROM line)
      ORDER BY s.sku
      FOR NO KEY UPDATE
    ), taken AS (
      UPDATE order_fulfillment.stock s
      SET available = s.available - line.quantity
      FROM line JOIN locked USING (sku)
      WHERE s.sku = line.sku AND s.available >= line.quantity
      RETURNING s.sku
    )
    SELECT line.sku, line.quantity::float8 AS quantity, coalesce(locked.available, 0) AS available
    FROM line LEFT JOIN locked USING (sku)
    WHERE line.sku NOT IN (SELECT sku FROM taken)
    ORDER BY line.sku`,
};

export const LOCK_RESERVATION: Statement = {
  name: 'order_fulfillment_lock_reservation',
  text: `
    SELECT state, shipment_id
    FROM order_fulfillment.reservations
    WHERE reservation_id = $1
    FOR NO KEY UPDATE`,
};

export const MARK_SHIPPED: Statement = {
  name: 'order_fulfillment_mark_shipped',
  text: `
    UPDATE order_fulfillment.reservations
    SET state = 'shipped', shipment_id = $2, shipped_at = coalesce(shipped_at, tasker.current_time())
    WHERE reservation_id = $1
    RETURNING shipped_at`,
};

/**
 * Puts what at most $1 expired reservations hold back into stock, and answers with how many there were. Any number of
 * processes may do it at once: a reservation that one of them, or a shipment, has locked is passed over by the others.
 */
export const RETURN_EXPIRED: Statement = {
  name: 'order_fulfillment_return_expired',
  text: `
    WITH expired AS MATERIALIZED (
      SELECT reservation_id
      FROM order_fulfillment.reservations
      WHERE state = 'held' AND expires_at <= (SELECT tasker.current_time())
      ORDER BY expires_at
      LIMIT $1
      FOR NO KEY UPDATE SKIP LOCKED
    ), returned AS (
      UPDATE order_fulfillment.reservations r
      SET state = 'returned'
      FROM expired e
      WHERE r.reservation_id = e.reservation_id
    ), line AS MATERIALIZED (
      SELECT l.sku, sum(l.quantity) AS quantity
      FROM order_fulfillment.reserved_lines l JOIN expired USING (reservation_id)
      GROUP BY l.sku
    ), locked AS MATERIALIZED (
      SELECT s.sku
      FROM order_fulfillment.stock s
      WHERE s.sku IN (SELECT sku FROM line)
      ORDER BY s.sku
      FOR NO KEY UPDATE
    ), restocked AS (
      UPDATE order_fulfillment.stock s
      SET available = s.available + line.quantity
      FROM line JOIN locked USING (sku)
      WHERE s.sku = line.sku
    )
    SELECT count(*)::integer AS count FROM expired`,
};
