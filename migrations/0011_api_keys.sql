-- Keys by which programs call for their owners.

CREATE TABLE api_keys (
    id                uuid PRIMARY KEY,
    owner_id          uuid NOT NULL REFERENCES users (id),
    name              text NOT NULL,
    tier              text NOT NULL CONSTRAINT api_keys_tier_known CHECK (tier IN ('standard', 'premium')),
    scope             text NOT NULL,
    -- HMAC-SHA-256 under a key derived from TILL_SECRET_KEY; the secret before it is good beside it until its time is over.
    secret_hash       bytea NOT NULL CONSTRAINT api_keys_hash_length CHECK (octet_length(secret_hash) = 32),
    old_secret_hash   bytea CONSTRAINT api_keys_old_hash_length CHECK (octet_length(old_secret_hash) = 32),
    old_secret_until  timestamptz,
    -- The last characters of the secret, by which its owner tells it from others.
    hint              text NOT NULL,
    expires_at        timestamptz,
    -- To the minute: not every use is written.
    last_used_at      timestamptz,
    created_at        timestamptz NOT NULL,
    CONSTRAINT api_keys_old_secret_ends CHECK ((old_secret_hash IS NULL) = (old_secret_until IS NULL))
);
CREATE INDEX api_keys_newest_of_owner ON api_keys (owner_id, created_at DESC, id DESC);
