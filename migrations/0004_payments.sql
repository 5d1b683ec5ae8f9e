-- Payments, refunds, and what was asked of the payment gateway for them.

CREATE TABLE payments (
    id                 uuid PRIMARY KEY,
    order_id           uuid REFERENCES orders (id),
    customer_id        uuid NOT NULL REFERENCES users (id),
    status             text NOT NULL CONSTRAINT payments_status_known
                       CHECK (status IN ('processing', 'requires_capture', 'succeeded', 'failed', 'canceled')),
    amount             bigint NOT NULL CONSTRAINT payments_amount_range CHECK (amount BETWEEN 1 AND 99999999999),
    amount_captured    bigint NOT NULL DEFAULT 0,
    amount_refunded    bigint NOT NULL DEFAULT 0,
    currency           text NOT NULL,
    payment_method     text NOT NULL,
    capture_method     text NOT NULL CONSTRAINT payments_capture_method_known CHECK (capture_method IN ('automatic', 'manual')),
    failure_code       text,
    failure_message    text,
    metadata           jsonb NOT NULL,
    gateway_charge_id  text,
    -- False: money that came too late for its order and goes back; no sum of the order counts it.
    applied            boolean NOT NULL DEFAULT true,
    authorized_at      timestamptz,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    CONSTRAINT payments_captured_range CHECK (amount_captured BETWEEN 0 AND amount),
    CONSTRAINT payments_refunded_range CHECK (amount_refunded BETWEEN 0 AND amount_captured),
    CONSTRAINT payments_captured_when_succeeded CHECK ((status = 'succeeded') = (amount_captured > 0)),
    CONSTRAINT payments_failure_when_failed CHECK ((status = 'failed') = (failure_code IS NOT NULL))
);
CREATE INDEX payments_newest ON payments (created_at DESC, id DESC);
CREATE INDEX payments_newest_of_customer ON payments (customer_id, created_at DESC, id DESC);
CREATE INDEX payments_newest_by_status ON payments (status, created_at DESC, id DESC);
CREATE INDEX payments_of_order ON payments (order_id, created_at DESC, id DESC) WHERE order_id IS NOT NULL;
CREATE INDEX payments_authorized ON payments (authorized_at) WHERE status = 'requires_capture';

CREATE TABLE refunds (
    id          uuid PRIMARY KEY,
    payment_id  uuid NOT NULL REFERENCES payments (id),
    status      text NOT NULL CONSTRAINT refunds_status_known CHECK (status IN ('processing', 'succeeded', 'failed')),
    amount      bigint NOT NULL CONSTRAINT refunds_amount_range CHECK (amount BETWEEN 1 AND 99999999999),
    currency    text NOT NULL,
    reason      text,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX refunds_of_payment ON refunds (payment_id, created_at DESC, id DESC);

-- One row per thing asked of the gateway. Written before the call, settled after it; a row that stays
-- live past its lease is taken over by whoever comes next: same key, call-back or reconciler.
CREATE TABLE payment_attempts (
    id               uuid PRIMARY KEY,
    payment_id       uuid NOT NULL REFERENCES payments (id),
    refund_id        uuid REFERENCES refunds (id),
    kind             text NOT NULL CONSTRAINT payment_attempts_kind_known CHECK (kind IN ('charge', 'capture', 'cancel', 'refund')),
    amount           bigint NOT NULL CONSTRAINT payment_attempts_amount_range CHECK (amount BETWEEN 1 AND 99999999999),
    -- What the gateway knows this operation by: asking twice under it charges once.
    gateway_key      text NOT NULL CONSTRAINT payment_attempts_gateway_key_unique UNIQUE,
    state            text NOT NULL CONSTRAINT payment_attempts_state_known CHECK (state IN ('live', 'settled')),
    -- The fence: only the holder of the current token may settle from its own call.
    lease_token      uuid NOT NULL,
    leased_until     timestamptz NOT NULL,
    next_try_at      timestamptz NOT NULL,
    tries            int NOT NULL DEFAULT 0,
    last_error       text,
    -- Whether a client's idempotency key waits for the outcome; false where the system itself acts.
    keyed            boolean NOT NULL,
    request_id       text NOT NULL,
    created_at       timestamptz NOT NULL,
    settled_at       timestamptz,
    -- When a human was told that it is live for too long.
    reported_at      timestamptz,
    -- Of a charge that was given up: when the gateway is asked once more whether it was made after all.
    look_again_at    timestamptz,
    CONSTRAINT payment_attempts_refund_named CHECK ((kind = 'refund') = (refund_id IS NOT NULL)),
    CONSTRAINT payment_attempts_settled_at_set CHECK ((state = 'settled') = (settled_at IS NOT NULL))
);
CREATE INDEX payment_attempts_to_look_at ON payment_attempts (look_again_at) WHERE look_again_at IS NOT NULL;
-- A payment is charged, captured or cancelled by one live attempt at a time; refunds may run side by side.
CREATE UNIQUE INDEX payment_attempts_one_live ON payment_attempts (payment_id) WHERE state = 'live' AND kind <> 'refund';
CREATE INDEX payment_attempts_due ON payment_attempts (next_try_at) WHERE state = 'live';
CREATE INDEX payment_attempts_of_payment ON payment_attempts (payment_id, created_at);

-- Signed call-backs that speak of a charge as it can't be: kept for a human, acted on by nobody.
CREATE TABLE quarantined_callbacks (
    -- The sender's id of the message: copies are one row.
    id           text PRIMARY KEY,
    reason       text NOT NULL,
    gateway_key  text NOT NULL,
    amount       bigint NOT NULL,
    currency     text NOT NULL,
    received_at  timestamptz NOT NULL
);
