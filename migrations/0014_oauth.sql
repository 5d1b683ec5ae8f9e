-- Applications that people let act for them (OAuth 2.1), and those that act by themselves.

CREATE TABLE oauth_clients (
    id                uuid PRIMARY KEY,
    name              text NOT NULL,
    kind              text NOT NULL CONSTRAINT oauth_clients_kind_known CHECK (kind IN ('confidential', 'public')),
    -- HMAC-SHA-256 under a key derived from TILL_SECRET_KEY; the secret before it is good beside it until its time is over.
    secret_hash       bytea CONSTRAINT oauth_clients_hash_length CHECK (octet_length(secret_hash) = 32),
    old_secret_hash   bytea CONSTRAINT oauth_clients_old_hash_length CHECK (octet_length(old_secret_hash) = 32),
    old_secret_until  timestamptz,
    redirect_uris     text[] NOT NULL,
    grants            text[] NOT NULL CONSTRAINT oauth_clients_grants_known
                      CHECK (grants <@ ARRAY['authorization_code', 'refresh_token', 'client_credentials']),
    scope             text NOT NULL,
    -- The account that the client acts on by itself.
    account_id        uuid REFERENCES users (id),
    version           bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT oauth_clients_secret_kept CHECK ((kind = 'confidential') = (secret_hash IS NOT NULL)),
    CONSTRAINT oauth_clients_old_secret_ends CHECK ((old_secret_hash IS NULL) = (old_secret_until IS NULL))
);
CREATE INDEX oauth_clients_newest ON oauth_clients (created_at DESC, id DESC);

-- What somebody lets an application do for them.
CREATE TABLE oauth_consents (
    user_id     uuid NOT NULL REFERENCES users (id),
    client_id   uuid NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    scope       text NOT NULL,
    granted_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX oauth_consents_newest_of_user ON oauth_consents (user_id, granted_at DESC, client_id DESC);
CREATE INDEX oauth_consents_of_client ON oauth_consents (client_id);

-- A session that an application opened is the application's, whether for somebody ('consent') or by itself ('own').
ALTER TABLE sessions
    ADD COLUMN client_id uuid REFERENCES oauth_clients (id) ON DELETE CASCADE,
    ADD COLUMN mandate   text CONSTRAINT sessions_mandate_known CHECK (mandate IN ('consent', 'own')),
    ADD CONSTRAINT sessions_mandate_of_client CHECK ((client_id IS NULL) = (mandate IS NULL));
CREATE INDEX sessions_of_client ON sessions (client_id, user_id) WHERE client_id IS NOT NULL;

-- Codes that a browser carries to an application, which trades them for tokens, once.
CREATE TABLE oauth_codes (
    -- SHA-256 of a 256-bit random code: nothing to guess, so no slow hash is needed.
    code_hash           bytea PRIMARY KEY CONSTRAINT oauth_codes_hash_length CHECK (octet_length(code_hash) = 32),
    client_id           uuid NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
    user_id             uuid NOT NULL REFERENCES users (id),
    redirect_uri        text NOT NULL,
    -- Whether the application named it: then it must name it again.
    redirect_uri_given  boolean NOT NULL,
    scope               text NOT NULL,
    code_challenge      text NOT NULL,
    access_epoch        bigint NOT NULL,
    issued_at           timestamptz NOT NULL,
    expires_at          timestamptz NOT NULL,
    used_at             timestamptz,
    -- What came of it: ended where the code comes a second time.
    session_id          uuid REFERENCES sessions (id) ON DELETE CASCADE
);
CREATE INDEX oauth_codes_of_user ON oauth_codes (user_id);
CREATE INDEX oauth_codes_of_client ON oauth_codes (client_id);
CREATE INDEX oauth_codes_of_session ON oauth_codes (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);

-- Somebody who signed in at the page where applications are let in; good for nothing but that page.
CREATE TABLE browser_sessions (
    -- SHA-256 of the cookie.
    token_hash    bytea PRIMARY KEY CONSTRAINT browser_sessions_hash_length CHECK (octet_length(token_hash) = 32),
    -- What the audit log calls it.
    id            uuid NOT NULL,
    user_id       uuid NOT NULL REFERENCES users (id),
    access_epoch  bigint NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX browser_sessions_of_user ON browser_sessions (user_id);
CREATE INDEX browser_sessions_by_expiry ON browser_sessions (expires_at);
