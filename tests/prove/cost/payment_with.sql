-- A stand-alone payment as Till claims and settles it; the gateway answers at once.
\set o random(1, 100000000000000)
\set r random(1, 100000000000000)
\set m random(1, 100000000000000)
\set a random(1, 1000)
\set b random(1001, 2000)
\set c random(2001, 3000)
BEGIN;
SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency:1:' || :r, 0));
SELECT fingerprint, attempt_id, outcome, request_id, created_at, expires_at FROM idempotency_keys WHERE principal_id = '00000000-0000-7000-8000-000000000001'::uuid AND key = :r::text;
SELECT default_payment_method FROM users WHERE id = '00000000-0000-7000-8000-000000000001'::uuid AND status = 'active';
INSERT INTO payments (id, customer_id, status, amount, currency, payment_method, capture_method, metadata, created_at, updated_at) VALUES (('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid, '00000000-0000-7000-8000-000000000001'::uuid, 'processing', 3000, 'MYR', 'pm_ok', 'automatic', '{}', now(), now());
INSERT INTO payment_attempts (id, payment_id, kind, amount, gateway_key, state, lease_token, leased_until, next_try_at, keyed, request_id, created_at) VALUES (('00000000-0000-7000-8000-' || lpad(to_hex(:m::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid, 'charge', 3000, :o::text, 'live', ('00000000-0000-7000-8000-' || lpad(to_hex(:r::bigint), 12, '0'))::uuid, now(), now(), true, 'request', now());
INSERT INTO idempotency_keys (principal_id, key, fingerprint, state, attempt_id, request_id, created_at, expires_at) VALUES ('00000000-0000-7000-8000-000000000001'::uuid, :r::text, sha256('x'), 'running', ('00000000-0000-7000-8000-' || lpad(to_hex(:m::bigint), 12, '0'))::uuid, 'request', now(), now() + interval '24 hours');
COMMIT;
BEGIN;
SELECT * FROM payments WHERE id = ('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid;
SELECT * FROM payments WHERE id = ('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid FOR UPDATE;
UPDATE payment_attempts SET state = 'settled', settled_at = now() WHERE id = ('00000000-0000-7000-8000-' || lpad(to_hex(:m::bigint), 12, '0'))::uuid AND lease_token = ('00000000-0000-7000-8000-' || lpad(to_hex(:r::bigint), 12, '0'))::uuid AND state = 'live';
UPDATE payments SET status = 'succeeded', amount_captured = 3000, gateway_charge_id = 'ch_1', updated_at = now() WHERE id = ('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid;
INSERT INTO journal_entries (id, kind, payment_id, recorded_at) VALUES (('00000000-0000-7000-8000-' || lpad(to_hex(:r::bigint), 12, '0'))::uuid, 'capture', ('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid, now());
INSERT INTO journal_lines (entry_id, line, account, currency, amount) SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(:r::bigint), 12, '0'))::uuid, line, account, 'MYR', amount FROM unnest(ARRAY['gateway_receivable', 'sales'], ARRAY[3000, -3000]::bigint[]) WITH ORDINALITY AS new (account, amount, line);
INSERT INTO outbox (id, topic, payload, request_id, created_at, due_at) SELECT id, topic, payload, request, now(), now() FROM unnest(ARRAY[('00000000-0000-7000-8000-' || lpad(to_hex(:m::bigint), 12, '0'))::uuid], ARRAY['payment.succeeded'], ARRAY['{"type": "payment.succeeded", "data": {"amount": 3000, "currency": "MYR"}}']::jsonb[], ARRAY['request']) AS new (id, topic, payload, request);
UPDATE idempotency_keys SET state = 'done', outcome = jsonb_build_object('version', '1', 'outcome', jsonb_build_object('order_placed', jsonb_build_object('id', :o::text, 'status', 'pending', 'currency', 'MYR', 'total', 3000, 'lines', jsonb_build_array(1, 2, 3)))) WHERE attempt_id = ('00000000-0000-7000-8000-' || lpad(to_hex(:m::bigint), 12, '0'))::uuid;
COMMIT;
