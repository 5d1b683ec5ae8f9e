-- The same order without key and outbox.
\set o random(1, 100000000000000)
\set r random(1, 100000000000000)
\set m random(1, 100000000000000)
\set a random(1, 1000)
\set b random(1001, 2000)
\set c random(2001, 3000)
BEGIN;
SELECT id FROM users WHERE id = ANY(ARRAY['00000000-0000-7000-8000-000000000001'::uuid]) AND status = 'active';
SELECT stock.product_id, available, sku, name, unit_amount, currency, active FROM stock JOIN products ON products.id = stock.product_id WHERE stock.product_id = ANY(ARRAY[('00000000-0000-7000-8000-' || lpad(to_hex(:a::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:b::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:c::bigint), 12, '0'))::uuid]) ORDER BY stock.product_id FOR UPDATE OF stock;
UPDATE stock SET available = available + change.delta, updated_at = now() FROM unnest(ARRAY[('00000000-0000-7000-8000-' || lpad(to_hex(:a::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:b::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:c::bigint), 12, '0'))::uuid], ARRAY[-1, -1, -1]::bigint[]) AS change (product_id, delta) WHERE stock.product_id = change.product_id;
INSERT INTO orders (id, customer_id, status, currency, total_amount, paid_amount, refunded_amount, metadata, expires_at, created_at, updated_at) SELECT * FROM unnest(ARRAY[('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid], ARRAY['00000000-0000-7000-8000-000000000001'::uuid], ARRAY['pending'], ARRAY['MYR'], ARRAY[3000]::bigint[], ARRAY[0]::bigint[], ARRAY[0]::bigint[], ARRAY['{}']::jsonb[], ARRAY[now()], ARRAY[now()], ARRAY[now()]);
INSERT INTO order_items (order_id, line, product_id, sku, name, quantity, unit_amount, amount) SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid, line, product, 'SKU', 'Product', 1, 1000, 1000 FROM unnest(ARRAY[('00000000-0000-7000-8000-' || lpad(to_hex(:a::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:b::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:c::bigint), 12, '0'))::uuid]) WITH ORDINALITY AS new (product, line);
COMMIT;
