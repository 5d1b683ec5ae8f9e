-- So many (:orders) orders of one line, a second apart, newest last.
SET synchronous_commit = off;
INSERT INTO orders (id, customer_id, status, currency, total_amount, metadata, expires_at, created_at, updated_at)
SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid,
       ('00000000-0000-7000-8000-' || lpad(to_hex(1 + n % 16), 12, '0'))::uuid, 'cancelled', 'MYR', 1000, '{}', at, at, at
FROM generate_series(1, :orders) AS n, LATERAL (SELECT now() - :orders * interval '1 s' + n * interval '1 s') AS moment (at);
INSERT INTO order_items (order_id, line, product_id, sku, name, quantity, unit_amount, amount)
SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, 1,
       ('00000000-0000-7000-8000-' || lpad(to_hex(1 + n % 3000), 12, '0'))::uuid, 'BENCH', 'Product', 1, 1000, 1000
FROM generate_series(1, :orders) AS n;
VACUUM ANALYZE orders, order_items;
