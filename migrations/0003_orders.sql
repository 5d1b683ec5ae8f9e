-- Orders hold stock from the moment they exist; only cancelling or expiring gives it back.

CREATE TABLE orders (
    id               uuid PRIMARY KEY,
    customer_id      uuid NOT NULL REFERENCES users (id),
    status           text NOT NULL CONSTRAINT orders_status_known
                     CHECK (status IN ('pending', 'paid', 'fulfilled', 'refunded', 'cancelled', 'expired')),
    currency         text NOT NULL,
    total_amount     bigint NOT NULL CONSTRAINT orders_total_range CHECK (total_amount BETWEEN 1 AND 99999999999),
    paid_amount      bigint NOT NULL DEFAULT 0,
    refunded_amount  bigint NOT NULL DEFAULT 0,
    metadata         jsonb NOT NULL,
    expires_at       timestamptz NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    CONSTRAINT orders_paid_at_least_refunded CHECK (paid_amount >= 0 AND refunded_amount BETWEEN 0 AND paid_amount)
);
CREATE INDEX orders_newest ON orders (created_at DESC, id DESC);
CREATE INDEX orders_newest_of_customer ON orders (customer_id, created_at DESC, id DESC);
CREATE INDEX orders_newest_by_status ON orders (status, created_at DESC, id DESC);
CREATE INDEX orders_to_expire ON orders (expires_at) WHERE status = 'pending';

CREATE TABLE order_items (
    order_id     uuid NOT NULL REFERENCES orders (id),
    line         int NOT NULL,
    product_id   uuid NOT NULL REFERENCES products (id),
    -- As they were when the order was placed: a later change of the catalogue changes no order.
    sku          text NOT NULL,
    name         text NOT NULL,
    quantity     int NOT NULL CONSTRAINT order_items_quantity_range CHECK (quantity BETWEEN 1 AND 1000),
    unit_amount  bigint NOT NULL,
    amount       bigint NOT NULL CONSTRAINT order_items_amount_is_product CHECK (amount = unit_amount * quantity),
    PRIMARY KEY (order_id, line)
);
-- Ids of orders rise with time: the newest orders of a product are read from one end of its entries.
CREATE INDEX order_items_of_product ON order_items (product_id, order_id);
