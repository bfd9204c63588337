-- What is in stock, and what of it orders have reserved.
--
-- A reservation takes its units out of stock.available in the transaction that creates it. From `held` it goes to
-- `shipped`, which is final, or, once it has expired, to `returned`: its units are back in stock. A returned one may still
-- be shipped, if its units can be taken again.
--
-- Lock order, for everyone: reservations, then stock rows by sku.
CREATE SCHEMA order_fulfillment;

CREATE TABLE order_fulfillment.stock (
  sku text PRIMARY KEY,
  location text NOT NULL,
  available integer NOT NULL CHECK (available >= 0)
) WITH (fillfactor = 70);

CREATE TABLE order_fulfillment.reservations (
  -- Made from the step's idempotency key, so that a step that runs twice finds its own reservation.
  reservation_id text PRIMARY KEY,
  state text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'shipped', 'returned')),
  reserved_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  shipment_id text UNIQUE,
  shipped_at timestamptz,
  CHECK ((state = 'shipped') = (shipment_id IS NOT NULL) AND (state = 'shipped') = (shipped_at IS NOT NULL))
);

-- Stays as small as what is reserved right now.
CREATE INDEX reservations_held ON order_fulfillment.reservations (expires_at) WHERE state = 'held';

CREATE TABLE order_fulfillment.reserved_lines (
  reservation_id text NOT NULL REFERENCES order_fulfillment.reservations,
  sku text NOT NULL,
  quantity bigint NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (reservation_id, sku)
);

INSERT INTO order_fulfillment.stock (sku, location, available) VALUES
  ('WIDGET-001', 'WH-EAST-A1', 100),
  ('WIDGET-002', 'WH-WEST-B2', 50),
  ('GADGET-002', 'WH-CENTRAL-C3', 200);
