-- People who can sign in, their sessions, and the keys that sign access tokens.

CREATE TABLE users (
    id                      uuid PRIMARY KEY,
    -- Normalised (NFC, lower case): one account per address.
    email                   text NOT NULL CONSTRAINT users_email_unique UNIQUE,
    name                    text NOT NULL,
    password_hash           text NOT NULL,
    role                    text NOT NULL CONSTRAINT users_role_known CHECK (role IN ('customer', 'support', 'admin')),
    status                  text NOT NULL CONSTRAINT users_status_known CHECK (status IN ('active', 'disabled', 'erased')),
    default_payment_method  text,
    -- Access tokens carry the epoch they were issued in; raising it refuses all older ones at once.
    access_epoch            bigint NOT NULL DEFAULT 0,
    email_verified_at       timestamptz,
    version                 bigint NOT NULL DEFAULT 1,
    created_at              timestamptz NOT NULL,
    updated_at              timestamptz NOT NULL
);
CREATE INDEX users_newest ON users (created_at DESC, id DESC);

-- One sign-in: a family of refresh tokens of which only the newest is good.
CREATE TABLE sessions (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id),
    scope       text NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz
);
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    -- SHA-256 of a 256-bit random token: nothing to guess, so no slow hash is needed.
    token_hash  bytea PRIMARY KEY CONSTRAINT refresh_tokens_hash_length CHECK (octet_length(token_hash) = 32),
    session_id  uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    issued_at   timestamptz NOT NULL,
    used_at     timestamptz
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

CREATE TABLE signing_keys (
    kid                    text PRIMARY KEY,
    algorithm              text NOT NULL CONSTRAINT signing_keys_algorithm_known CHECK (algorithm IN ('EdDSA')),
    public_key             bytea NOT NULL,
    -- AES-256-GCM under a key derived from TILL_SECRET_KEY; nonce first.
    private_key_encrypted  bytea NOT NULL,
    created_at             timestamptz NOT NULL,
    -- Published from creation, used for signing from here on.
    signs_from             timestamptz NOT NULL,
    -- No longer published from here on.
    retired_at             timestamptz
);
