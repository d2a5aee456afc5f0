-- Final checks that people make, and the watch after a recovery: a job that comes again until its time is over.

ALTER TABLE run ADD COLUMN n_open_checks integer NOT NULL DEFAULT 0 CHECK (n_open_checks >= 0);

ALTER TABLE job ADD COLUMN due_at timestamptz;
ALTER TABLE job DROP CONSTRAINT job_kind_check;
ALTER TABLE job ADD CONSTRAINT job_kind_check CHECK (kind IN ('resolve', 'execute', 'watch'));

CREATE TABLE watch (
    run_id uuid PRIMARY KEY REFERENCES run,
    begun_at timestamptz NOT NULL,
    until timestamptz NOT NULL CHECK (until > begun_at),
    ended_at timestamptz,
    -- What did not hold in the last round: [{"step", "reason"}].
    bad jsonb NOT NULL DEFAULT '[]'
);

CREATE TABLE watch_round (
    run_id uuid NOT NULL REFERENCES watch,
    n integer NOT NULL CHECK (n > 0),
    at timestamptz NOT NULL,
    bad jsonb NOT NULL,
    PRIMARY KEY (run_id, n)
);

CREATE TRIGGER watch_round_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON watch_round
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
