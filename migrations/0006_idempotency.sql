-- What became of each request that carried an Idempotency-Key; commits with the effect it speaks of.

CREATE TABLE idempotency_keys (
    principal_id  uuid NOT NULL,
    key           text NOT NULL,
    -- SHA-256 over method, path and the body as canonical JSON (RFC 8785).
    fingerprint   bytea NOT NULL CONSTRAINT idempotency_keys_fingerprint_length CHECK (octet_length(fingerprint) = 32),
    state         text NOT NULL CONSTRAINT idempotency_keys_state_known CHECK (state IN ('running', 'done')),
    -- The attempt that will settle a running key.
    attempt_id    uuid REFERENCES payment_attempts (id),
    outcome       jsonb,
    -- The request whose answer is replayed.
    request_id    text NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    PRIMARY KEY (principal_id, key),
    CONSTRAINT idempotency_keys_outcome_when_done CHECK ((state = 'done') = (outcome IS NOT NULL)),
    CONSTRAINT idempotency_keys_attempt_while_running CHECK (state = 'done' OR attempt_id IS NOT NULL)
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
CREATE INDEX idempotency_keys_of_attempt ON idempotency_keys (attempt_id) WHERE attempt_id IS NOT NULL;

-- The newest key that was forgotten: whatever was done under a key after that still has its key.
CREATE TABLE forgotten_idempotency_keys (
    only_row     boolean PRIMARY KEY DEFAULT true CONSTRAINT forgotten_idempotency_keys_one_row CHECK (only_row),
    made_before  timestamptz NOT NULL
);
INSERT INTO forgotten_idempotency_keys (made_before) VALUES ('-infinity');
