-- Long jobs: reports that are made and lists of products that are read in, each by the worker that holds its lease.

CREATE TABLE jobs (
    id            uuid PRIMARY KEY,
    kind          text NOT NULL CONSTRAINT jobs_kind_known CHECK (kind IN ('report', 'product_import')),
    -- Who asked for it.
    owner_id      uuid NOT NULL REFERENCES users (id),
    -- Whose rows it tells of; null: everybody's.
    about_id      uuid REFERENCES users (id),
    parameters    jsonb NOT NULL,
    status        text NOT NULL CONSTRAINT jobs_status_known
                  CHECK (status IN ('queued', 'processing', 'complete', 'failed', 'cancelled')),
    rows_done     bigint NOT NULL DEFAULT 0,
    -- Null until they were counted.
    rows_to_do    bigint,
    -- The fence: only the holder of the current token may say how far the job is and what became of it.
    lease_token   uuid,
    -- Who leases a job moves this to the end of the lease, so that the index finds only what may be taken.
    due_at        timestamptz NOT NULL,
    -- How often it was taken, but for those who gave it back.
    tries         int NOT NULL DEFAULT 0,
    -- What came of it: the file of a report, the counts and the refused rows of an import.
    result        jsonb,
    error_code    text,
    error_detail  text,
    request_id    text NOT NULL,
    trace_parent  text,
    created_at    timestamptz NOT NULL,
    started_at    timestamptz,
    completed_at  timestamptz,
    -- From then on its files are gone.
    expires_at    timestamptz,
    -- When its files were removed.
    cleared_at    timestamptz,
    -- When its owner removed it; the row stays for as long as an idempotency key may tell of it.
    removed_at    timestamptz,
    CONSTRAINT jobs_error_when_failed CHECK ((status = 'failed') = (error_code IS NOT NULL)),
    CONSTRAINT jobs_over_when_over
        CHECK ((status IN ('complete', 'failed', 'cancelled')) = (completed_at IS NOT NULL AND expires_at IS NOT NULL)),
    CONSTRAINT jobs_lease_while_processing CHECK ((status = 'processing') = (lease_token IS NOT NULL))
);
CREATE INDEX jobs_due ON jobs (due_at, id) WHERE status IN ('queued', 'processing');
CREATE INDEX jobs_newest ON jobs (kind, created_at DESC, id DESC) WHERE removed_at IS NULL;
CREATE INDEX jobs_newest_of_owner ON jobs (owner_id, kind, created_at DESC, id DESC) WHERE removed_at IS NULL;
CREATE INDEX jobs_to_clear ON jobs (expires_at) WHERE cleared_at IS NULL AND expires_at IS NOT NULL;
CREATE INDEX jobs_cleared ON jobs (cleared_at) WHERE cleared_at IS NOT NULL;

-- A report of the ledger reads its period in this order.
CREATE INDEX journal_entries_by_time ON journal_entries (recorded_at, id);
