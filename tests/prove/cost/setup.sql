-- One customer and 3000 products with enough of each.
INSERT INTO users (id, email, name, password_hash, role, status, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-000000000001', 'bench@example.com', 'Bench', '!', 'customer', 'active', now(), now());
INSERT INTO products (id, sku, name, description, category, unit_amount, currency, active, created_at, updated_at)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'SKU-' || n, 'Product ' || n, '', 'bench', 1000, 'MYR', true,
       now(), now() FROM generate_series(1, 3000) AS n;
INSERT INTO stock (product_id, available, updated_at) SELECT id, 100000000, now() FROM products;
VACUUM ANALYZE;
