-- What happened, for those who ask later, and who is told of it over HTTP.

CREATE TABLE events (
    -- The id of the message that told of it, so that a copy is recognised.
    id            uuid PRIMARY KEY,
    type          text NOT NULL,
    -- Whom it concerns; staff see all.
    customer_id   uuid NOT NULL REFERENCES users (id),
    data          jsonb NOT NULL,
    -- W3C traceparent of the request that caused it; its webhooks carry it on.
    trace_parent  text,
    created_at    timestamptz NOT NULL
);
CREATE INDEX events_newest ON events (created_at DESC, id DESC);
CREATE INDEX events_newest_of_type ON events (type, created_at DESC, id DESC);
CREATE INDEX events_newest_of_customer ON events (customer_id, created_at DESC, id DESC);

CREATE TABLE webhook_endpoints (
    id                uuid PRIMARY KEY,
    owner_id          uuid NOT NULL REFERENCES users (id),
    url               text NOT NULL,
    -- When it began to lead there: what went to another address says nothing of this one.
    url_since         timestamptz NOT NULL,
    description       text NOT NULL,
    -- Null: all of them.
    topics            text[],
    -- Sealed under the root key; the one before it signs beside it until its time is over.
    secret            bytea NOT NULL,
    old_secret        bytea,
    old_secret_until  timestamptz,
    disabled_reason   text CONSTRAINT webhook_endpoints_reason_known CHECK (disabled_reason IN ('owner', 'gone', 'failing')),
    -- The circuit breaker: bad answers in a row, and until when nobody tries.
    failures          int NOT NULL DEFAULT 0,
    paused_until      timestamptz,
    version           bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    -- From then on it is nobody's; its deliveries go first, a batch at a time.
    removed_at        timestamptz,
    CONSTRAINT webhook_endpoints_old_secret_ends CHECK ((old_secret IS NULL) = (old_secret_until IS NULL))
);
CREATE INDEX webhook_endpoints_newest_of_owner ON webhook_endpoints (owner_id, created_at DESC, id DESC);
CREATE INDEX webhook_endpoints_removed ON webhook_endpoints (id) WHERE removed_at IS NOT NULL;
CREATE INDEX webhook_endpoints_disabled ON webhook_endpoints (id) WHERE disabled_reason IS NOT NULL;

-- Who works here hears of everything.
CREATE INDEX users_staff ON users (role) WHERE role <> 'customer';

-- One row per event and endpoint: sent under a lease until it is taken or given up.
CREATE TABLE webhook_deliveries (
    id             uuid PRIMARY KEY,
    endpoint_id    uuid NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    event_id       uuid NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    status         text NOT NULL CONSTRAINT webhook_deliveries_status_known CHECK (status IN ('pending', 'delivered', 'failed')),
    -- Who leases a delivery moves this to the end of the lease, so that the index finds only what may be taken.
    due_at         timestamptz NOT NULL,
    -- The fence: only the holder of the current token may say what became of the try.
    lease_token    uuid,
    tries          int NOT NULL DEFAULT 0,
    -- The present round of tries: how many, and when the first was, from which its end is reckoned.
    round_tries    int NOT NULL DEFAULT 0,
    begun_at       timestamptz,
    tried_at       timestamptz,
    -- What the endpoint answered last, or why there is no answer.
    status_code    int,
    error          text,
    created_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    CONSTRAINT webhook_deliveries_once UNIQUE (endpoint_id, event_id),
    CONSTRAINT webhook_deliveries_ended_when_ended CHECK ((status = 'pending') = (ended_at IS NULL))
);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (endpoint_id, due_at, id) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_leased ON webhook_deliveries (endpoint_id, due_at) WHERE lease_token IS NOT NULL;
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (endpoint_id, created_at DESC, id DESC);
CREATE INDEX webhook_deliveries_newest_of_status ON webhook_deliveries (endpoint_id, status, created_at DESC, id DESC);
CREATE INDEX webhook_deliveries_taken ON webhook_deliveries (endpoint_id, ended_at) WHERE status = 'delivered';
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (event_id);
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;
