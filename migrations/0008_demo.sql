-- How far the demo data has come: what was interrupted goes on where it stopped, and what is complete is left alone.

CREATE TABLE demo_progress (
    only_row   boolean PRIMARY KEY DEFAULT true CONSTRAINT demo_progress_one_row CHECK (only_row),
    -- The moment that all demo data is told from: the orders lie in the weeks before it.
    told_at    timestamptz NOT NULL,
    -- When sign-ins, catalogue and examples went in; null before.
    opened_at  timestamptz,
    orders     bigint NOT NULL DEFAULT 0 CONSTRAINT demo_progress_orders_not_negative CHECK (orders >= 0)
);
