-- Tokens that are mailed to people: to show that an address is theirs, to choose a new password.

CREATE TABLE account_tokens (
    -- SHA-256 of a 256-bit token: nothing to guess, so no slow hash is needed.
    token_hash  bytea PRIMARY KEY CONSTRAINT account_tokens_hash_length CHECK (octet_length(token_hash) = 32),
    user_id     uuid NOT NULL REFERENCES users (id),
    purpose     text NOT NULL CONSTRAINT account_tokens_purpose_known CHECK (purpose IN ('verify_email', 'reset_password')),
    -- Whether somebody asked for the mail: then no second one goes out at once.
    asked_for   boolean NOT NULL,
    issued_at   timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);
CREATE INDEX account_tokens_of_user ON account_tokens (user_id, purpose, issued_at);
CREATE INDEX account_tokens_by_expiry ON account_tokens (expires_at);
