-- Messages written in the transaction that caused them, and what became of them.

CREATE TABLE outbox (
    id             uuid PRIMARY KEY,
    topic          text NOT NULL,
    payload        jsonb NOT NULL,
    request_id     text NOT NULL,
    -- W3C traceparent of the request that caused the message.
    trace_parent   text,
    created_at     timestamptz NOT NULL,
    due_at         timestamptz NOT NULL,
    tries          int NOT NULL DEFAULT 0,
    last_error     text,
    lease_token    uuid,
    leased_until   timestamptz,
    sent_at        timestamptz
);
CREATE INDEX outbox_waiting ON outbox (due_at, id) WHERE sent_at IS NULL;

-- One row per message a consumer has handled, in the transaction of the effect.
CREATE TABLE inbox (
    consumer    text NOT NULL,
    message_id  uuid NOT NULL,
    handled_at  timestamptz NOT NULL,
    PRIMARY KEY (consumer, message_id)
);

CREATE TABLE dead_letters (
    message_id   uuid NOT NULL,
    consumer     text NOT NULL,
    topic        text NOT NULL,
    payload      jsonb NOT NULL,
    reason       text NOT NULL,
    tries        int NOT NULL,
    died_at      timestamptz NOT NULL,
    PRIMARY KEY (consumer, message_id)
);

-- One row per mail, claimed by lease: SMTP is spoken outside any transaction.
CREATE TABLE mail_deliveries (
    -- Also the stable Message-ID of every copy.
    id            uuid PRIMARY KEY,
    kind          text NOT NULL,
    user_id       uuid NOT NULL REFERENCES users (id),
    lease_token   uuid NOT NULL,
    leased_until  timestamptz NOT NULL,
    tries         int NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    sent_at       timestamptz
);
