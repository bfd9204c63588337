-- The books of the simulated payment gateway: one row a charge. A real gateway keeps its own, far from this database.
CREATE TABLE order_fulfillment.payment_ledger (
  idempotency_key text PRIMARY KEY,
  payment_id text NOT NULL UNIQUE,
  transaction_id text NOT NULL UNIQUE,
  amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
  fee_cents bigint NOT NULL CHECK (fee_cents >= 0),
  currency text NOT NULL,
  method text NOT NULL,
  charged_at timestamptz NOT NULL
);
