-- Versions: who still calls what is on its way out. The audit log: who did what to what.

-- One row per operation and caller; instances count in memory and add what they counted, now and then.
CREATE TABLE deprecated_calls (
    id               uuid PRIMARY KEY,
    -- Method and route, such as `GET /v1/users/{id}`.
    operation        text NOT NULL,
    -- Whom to write to; null: all those of whom nothing is known.
    user_id          uuid REFERENCES users (id),
    calls            bigint NOT NULL CONSTRAINT deprecated_calls_positive CHECK (calls > 0),
    first_called_at  timestamptz NOT NULL,
    last_called_at   timestamptz NOT NULL
);
-- Null is equal to null here, on every Postgres that is supported.
CREATE UNIQUE INDEX deprecated_calls_once ON deprecated_calls
    (operation, (COALESCE(user_id, '00000000-0000-0000-0000-000000000000'::uuid)));
CREATE INDEX deprecated_calls_newest ON deprecated_calls (first_called_at DESC, id DESC);
CREATE INDEX deprecated_calls_of_user ON deprecated_calls (user_id) WHERE user_id IS NOT NULL;

-- Who did what to what. It only grows, and holds nothing of a person but ids: what tells of one stands in `audit_origins`.
CREATE TABLE audit_log (
    id               uuid PRIMARY KEY,
    action           text NOT NULL,
    actor_type       text NOT NULL CONSTRAINT audit_log_actor_known CHECK (actor_type IN ('user', 'operator', 'stranger')),
    actor_id         uuid,
    -- What the actor proved themselves with; it may be forgotten before the entry is.
    credential_type  text,
    credential_id    uuid,
    target_type      text,
    target_id        text,
    details          jsonb NOT NULL,
    -- Null where an entry tells of many requests, or of none.
    request_id       text,
    recorded_at      timestamptz NOT NULL,
    CONSTRAINT audit_log_user_named CHECK ((actor_type = 'user') = (actor_id IS NOT NULL)),
    CONSTRAINT audit_log_credential_whole CHECK ((credential_type IS NULL) = (credential_id IS NULL)),
    CONSTRAINT audit_log_target_whole CHECK ((target_type IS NULL) = (target_id IS NULL))
);
CREATE INDEX audit_log_newest ON audit_log (recorded_at DESC, id DESC);
CREATE INDEX audit_log_newest_of_actor ON audit_log (actor_id, recorded_at DESC, id DESC);
CREATE INDEX audit_log_newest_of_action ON audit_log (action, recorded_at DESC, id DESC);
CREATE INDEX audit_log_newest_of_target ON audit_log (target_id, recorded_at DESC, id DESC);

CREATE FUNCTION audit_log_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'audit_log_append_only';
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse_change();

-- An entry goes when its time is over, and by `audit_log_purge` alone.
CREATE FUNCTION audit_log_refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := current_setting('till.audit_log_purge_before', true);
BEGIN
    IF before <> '' THEN
        IF OLD.recorded_at < before::timestamptz THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'audit_log_append_only';
END $$;
CREATE TRIGGER audit_log_stays BEFORE DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_refuse_removal();

-- Removes up to `most` entries from before that time, the oldest first; how many.
CREATE FUNCTION audit_log_purge(before timestamptz, most bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    removed bigint;
BEGIN
    -- For this transaction alone, and only until the next line but one.
    PERFORM set_config('till.audit_log_purge_before', before::text, true);
    DELETE FROM audit_log WHERE id = ANY (ARRAY(
        SELECT id FROM audit_log WHERE recorded_at < before ORDER BY recorded_at LIMIT most FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('till.audit_log_purge_before', '', true);
    RETURN removed;
END $$;

-- From where: personal data, which goes earlier than its entry, and at once with the account it tells of.
CREATE TABLE audit_origins (
    entry_id     uuid PRIMARY KEY REFERENCES audit_log (id) ON DELETE CASCADE,
    -- Whom it tells of: the actor, or the account that a stranger tried.
    subject_id   uuid,
    address      text,
    user_agent   text,
    recorded_at  timestamptz NOT NULL
);
CREATE INDEX audit_origins_of_subject ON audit_origins (subject_id);
CREATE INDEX audit_origins_by_age ON audit_origins (recorded_at);
CREATE TRIGGER audit_origins_never_change BEFORE UPDATE OR TRUNCATE ON audit_origins
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse_change();
