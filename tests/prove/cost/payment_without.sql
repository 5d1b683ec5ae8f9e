-- The same payment without key, journal and outbox.
\set o random(1, 100000000000000)
\set r random(1, 100000000000000)
\set m random(1, 100000000000000)
\set a random(1, 1000)
\set b random(1001, 2000)
\set c random(2001, 3000)
BEGIN;
SELECT default_payment_method FROM users WHERE id = '00000000-0000-7000-8000-000000000001'::uuid AND status = 'active';
INSERT INTO payments (id, customer_id, status, amount, currency, payment_method, capture_method, metadata, created_at, updated_at) VALUES (('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid, '00000000-0000-7000-8000-000000000001'::uuid, 'processing', 3000, 'MYR', 'pm_ok', 'automatic', '{}', now(), now());
INSERT INTO payment_attempts (id, payment_id, kind, amount, gateway_key, state, lease_token, leased_until, next_try_at, keyed, request_id, created_at) VALUES (('00000000-0000-7000-8000-' || lpad(to_hex(:m::bigint), 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid, 'charge', 3000, :o::text, 'live', ('00000000-0000-7000-8000-' || lpad(to_hex(:r::bigint), 12, '0'))::uuid, now(), now(), true, 'request', now());
COMMIT;
BEGIN;
SELECT * FROM payments WHERE id = ('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid;
SELECT * FROM payments WHERE id = ('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid FOR UPDATE;
UPDATE payment_attempts SET state = 'settled', settled_at = now() WHERE id = ('00000000-0000-7000-8000-' || lpad(to_hex(:m::bigint), 12, '0'))::uuid AND lease_token = ('00000000-0000-7000-8000-' || lpad(to_hex(:r::bigint), 12, '0'))::uuid AND state = 'live';
UPDATE payments SET status = 'succeeded', amount_captured = 3000, gateway_charge_id = 'ch_1', updated_at = now() WHERE id = ('00000000-0000-7000-8000-' || lpad(to_hex(:o::bigint), 12, '0'))::uuid;
COMMIT;
