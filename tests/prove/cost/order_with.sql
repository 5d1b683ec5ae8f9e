-- An order of three lines as Till places it.
\set o random(1, 100000000000000)
\set r random(1, 100000000000000)
\set m random(1, 100000000000000)
\set a random(1, 1000)
\set b random(1001, 2000)
\set c random(2001, 3000)
BEGIN;
SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency:1:' || :r, 0));
SELECT fingerprint, attempt_id, outcome, request_id, created_at, expires_at FROM idempotency_keys WHERE principal_id = '00000000-0000-7000-8000-000000000001'::uuid AND key = :r::text;
SAVEPOINT operation;
SELECT id FROM users WHERE id = ANY(ARRAY['00000000-0000-7000-8000-000000000001'::uuid]) AND status = 'active';
SELECT stock.product_id, available, sku, name, unit_amount, currency, active FROM stock JOIN products ON products.id = stock.product_id WHERE stock.product_id = ANY(ARRAY[('00000000-0000-7000-8000-' || lpad(to_hex(:a::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:b::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:c::bigint), 12, '0'))::uuid]) ORDER BY stock.product_id FOR UPDATE OF stock;
UPDATE stock SET available = available + change.delta, updated_at = now() FROM unnest(ARRAY[('00000000-0000-7000-8000-' || lpad(to_hex(:a::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:b::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:c::bigint), 12, '0'))::uuid], ARRAY[-1, -1, -1]::bigint[]) AS change (product_id, delta) WHERE stock.product_id = change.product_id;
INSERT INTO orders (id, customer_id, status, currency, total_amount, paid_amount, refunded_amount, metadata, expires_at, created_at, updated_at) SELECT * FROM unnest(ARRAY[('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid], ARRAY['00000000-0000-7000-8000-000000000001'::uuid], ARRAY['pending'], ARRAY['MYR'], ARRAY[3000]::bigint[], ARRAY[0]::bigint[], ARRAY[0]::bigint[], ARRAY['{}']::jsonb[], ARRAY[now()], ARRAY[now()], ARRAY[now()]);
INSERT INTO order_items (order_id, line, product_id, sku, name, quantity, unit_amount, amount) SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid, line, product, 'SKU', 'Product', 1, 1000, 1000 FROM unnest(ARRAY[('00000000-0000-7000-8000-' || lpad(to_hex(:a::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:b::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:c::bigint), 12, '0'))::uuid]) WITH ORDINALITY AS new (product, line);
INSERT INTO outbox (id, topic, payload, request_id, created_at, due_at) SELECT id, topic, payload, request, now(), now() FROM unnest(ARRAY[('00000000-0000-7000-8000-' || lpad(to_hex(:m::bigint), 12, '0'))::uuid], ARRAY['order.created'], ARRAY['{"type": "order.created", "data": {"amount": 3000, "currency": "MYR"}}']::jsonb[], ARRAY['request']) AS new (id, topic, payload, request);
RELEASE SAVEPOINT operation;
INSERT INTO idempotency_keys (principal_id, key, fingerprint, state, outcome, request_id, created_at, expires_at) VALUES ('00000000-0000-7000-8000-000000000001'::uuid, :r::text, sha256('x'), 'done', jsonb_build_object('version', '1', 'outcome', jsonb_build_object('order_placed', jsonb_build_object('id', :o::text, 'status', 'pending', 'currency', 'MYR', 'total', 3000, 'lines', jsonb_build_array(1, 2, 3)))), 'request', now(), now() + interval '24 hours');
COMMIT;
