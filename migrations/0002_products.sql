-- The catalogue and its stock.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE products (
    id           uuid PRIMARY KEY,
    sku          text NOT NULL CONSTRAINT products_sku_unique UNIQUE,
    name         text NOT NULL,
    description  text NOT NULL,
    category     text NOT NULL,
    unit_amount  bigint NOT NULL CONSTRAINT products_unit_amount_range CHECK (unit_amount BETWEEN 1 AND 99999999999),
    currency     text NOT NULL CONSTRAINT products_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
    active       boolean NOT NULL,
    version      bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);
CREATE INDEX products_newest ON products (created_at DESC, id DESC) WHERE active;
CREATE INDEX products_newest_in_category ON products (category, created_at DESC, id DESC) WHERE active;
CREATE INDEX products_by_text ON products USING gin ((name || ' ' || sku) gin_trgm_ops) WHERE active;

-- A row of its own: orders update it hot, and the product row with its text stays untouched.
CREATE TABLE stock (
    product_id  uuid PRIMARY KEY REFERENCES products (id),
    available   bigint NOT NULL CONSTRAINT stock_available_not_negative CHECK (available >= 0),
    updated_at  timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Why stock changed other than by orders; available = sum of deltas - what living orders hold.
CREATE TABLE stock_adjustments (
    id          uuid PRIMARY KEY,
    product_id  uuid NOT NULL REFERENCES products (id),
    delta       bigint NOT NULL,
    reason      text NOT NULL,
    made_by     uuid NOT NULL REFERENCES users (id),
    created_at  timestamptz NOT NULL
);
CREATE INDEX stock_adjustments_of_product ON stock_adjustments (product_id, created_at);
