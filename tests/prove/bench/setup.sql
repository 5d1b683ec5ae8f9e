-- Sixteen customers who sign in as the administrator does, 3000 products with enough of each, and a hot one (4000).
INSERT INTO users (id, email, name, password_hash, role, status, email_verified_at, created_at, updated_at)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'bench-' || n || '@example.com', 'Bench', password_hash,
       'customer', 'active', now(), now(), now()
FROM generate_series(1, 16) AS n, (SELECT password_hash FROM users WHERE role = 'admin' LIMIT 1) AS administrator;
INSERT INTO products (id, sku, name, description, category, unit_amount, currency, active, created_at, updated_at)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'BENCH-' || n, 'Product ' || n,
       'As long as a description is that somebody wrote in a minute: what it is made of, for whom, and how it is kept.',
       'bench', 1000, 'MYR', true, now(), now()
FROM (SELECT generate_series(1, 3000) UNION ALL SELECT 4000) AS numbered (n);
INSERT INTO stock (product_id, available, updated_at) SELECT id, 1000000000, now() FROM products WHERE category = 'bench';
INSERT INTO stock_adjustments (id, product_id, delta, reason, made_by, created_at)
SELECT id, id, 1000000000, 'bench', '00000000-0000-7000-8000-000000000001', now() FROM products WHERE category = 'bench';
-- Tables that will fill are left out: whoever plans by "empty" reads all of them later.
ANALYZE users, products, stock, stock_adjustments;
