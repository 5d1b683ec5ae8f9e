-- Messages written in the transaction that caused them, and what became of them.

CREATE TABLE outbox (
    -- The message's own id, unless the row gives a message once more.
    id             uuid PRIMARY KEY,
    topic          text NOT NULL,
    payload        jsonb NOT NULL,
    request_id     text NOT NULL,
    -- W3C traceparent of the request that caused the message.
    trace_parent   text,
    created_at     timestamptz NOT NULL,
    -- Who leases a message moves this to the end of the lease, so that the index finds only what may be taken.
    due_at         timestamptz NOT NULL,
    tries          int NOT NULL DEFAULT 0,
    last_error     text,
    -- The fence: only the holder of the current token may say what became of the message.
    lease_token    uuid,
    sent_at        timestamptz,
    -- A dead letter that is replayed: the message that this row gives once more, and to whom alone. The first row may
    -- still be there, and may still wait for other consumers.
    replay_of      uuid,
    consumer       text,
    CONSTRAINT outbox_replay_has_consumer CHECK ((replay_of IS NULL) = (consumer IS NULL))
);
CREATE INDEX outbox_waiting ON outbox (due_at, id) WHERE sent_at IS NULL;
CREATE INDEX outbox_unsent ON outbox (created_at) WHERE sent_at IS NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;

-- One row per message a consumer has handled, in the transaction of the effect.
CREATE TABLE inbox (
    consumer    text NOT NULL,
    message_id  uuid NOT NULL,
    handled_at  timestamptz NOT NULL,
    PRIMARY KEY (consumer, message_id)
);
CREATE INDEX inbox_by_age ON inbox (handled_at);

-- What a consumer could not handle: kept whole, so that an operator may have it tried again.
CREATE TABLE dead_letters (
    message_id    uuid NOT NULL,
    consumer      text NOT NULL,
    topic         text NOT NULL,
    payload       jsonb NOT NULL,
    request_id    text NOT NULL,
    trace_parent  text,
    reason        text NOT NULL,
    tries         int NOT NULL,
    died_at       timestamptz NOT NULL,
    PRIMARY KEY (message_id, consumer)
);
CREATE INDEX dead_letters_by_age ON dead_letters (died_at);

-- One row per mail, claimed by lease: SMTP is spoken outside any transaction.
CREATE TABLE mail_deliveries (
    -- The message that the mail tells of; with the kind also the stable Message-ID of every copy.
    message_id    uuid NOT NULL,
    kind          text NOT NULL,
    user_id       uuid NOT NULL REFERENCES users (id),
    lease_token   uuid NOT NULL,
    leased_until  timestamptz NOT NULL,
    tries         int NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    sent_at       timestamptz,
    PRIMARY KEY (message_id, kind)
);
CREATE INDEX mail_deliveries_of_user ON mail_deliveries (user_id);
CREATE INDEX mail_deliveries_by_age ON mail_deliveries (created_at);
