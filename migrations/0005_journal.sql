-- Double-entry journal: append-only, and balanced per currency when the transaction commits.

CREATE TABLE journal_entries (
    id           uuid PRIMARY KEY,
    kind         text NOT NULL CONSTRAINT journal_entries_kind_known CHECK (kind IN ('capture', 'refund')),
    payment_id   uuid NOT NULL REFERENCES payments (id),
    refund_id    uuid REFERENCES refunds (id),
    order_id     uuid REFERENCES orders (id),
    recorded_at  timestamptz NOT NULL,
    CONSTRAINT journal_entries_refund_named CHECK ((kind = 'refund') = (refund_id IS NOT NULL))
);
-- A movement is recorded once, whoever settles it.
CREATE UNIQUE INDEX journal_entries_one_capture ON journal_entries (payment_id) WHERE kind = 'capture';
CREATE UNIQUE INDEX journal_entries_one_per_refund ON journal_entries (refund_id) WHERE kind = 'refund';

CREATE TABLE journal_lines (
    entry_id  uuid NOT NULL REFERENCES journal_entries (id),
    line      int NOT NULL,
    account   text NOT NULL CONSTRAINT journal_lines_account_known CHECK (account IN ('gateway_receivable', 'sales', 'refunds', 'unapplied_cash')),
    currency  text NOT NULL,
    -- Minor units; a debit is positive, a credit negative.
    amount    bigint NOT NULL CONSTRAINT journal_lines_amount_not_zero CHECK (amount <> 0),
    PRIMARY KEY (entry_id, line)
);
CREATE INDEX journal_lines_by_account ON journal_lines (account, currency);

CREATE FUNCTION journal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'journal_append_only';
END $$;
CREATE TRIGGER journal_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_entries
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse_change();
CREATE TRIGGER journal_lines_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_lines
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse_change();

CREATE FUNCTION journal_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry uuid;
BEGIN
    -- Two statements, not one CASE: a field is resolved when its expression is planned, and each table has only one of them.
    IF TG_TABLE_NAME = 'journal_entries' THEN entry := NEW.id; ELSE entry := NEW.entry_id; END IF;
    IF NOT EXISTS (SELECT 1 FROM journal_lines WHERE entry_id = entry)
       OR EXISTS (SELECT 1 FROM journal_lines WHERE entry_id = entry GROUP BY currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'journal entry % is not balanced', entry
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'journal_balanced';
    END IF;
    RETURN NULL;
END $$;
-- Deferred: an entry is judged when all its lines are there.
CREATE CONSTRAINT TRIGGER journal_entries_balanced AFTER INSERT ON journal_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_check_balance();
CREATE CONSTRAINT TRIGGER journal_lines_balanced AFTER INSERT ON journal_lines
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_check_balance();
