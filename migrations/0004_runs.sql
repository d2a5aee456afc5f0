-- Recovery runs. `run_event` is the server's pen, `step_event` the worker's; together, ordered by seq, they are the run's log.

CREATE TABLE run (
    id uuid PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    incident_id uuid NOT NULL REFERENCES incident,
    system_id uuid NOT NULL REFERENCES system,
    plan_version_id uuid NOT NULL REFERENCES plan_version,
    project text NOT NULL,
    -- Pinned: procedure, digests, policy, requester.
    header jsonb NOT NULL,
    state text NOT NULL CHECK (state IN (
        'resolving', 'awaiting-approval', 'queued', 'running', 'asking',
        'succeeded', 'stopped', 'refused', 'expired', 'withdrawn', 'unresolvable')),
    requested_at timestamptz NOT NULL,
    expires_at timestamptz,
    ended_at timestamptz,
    -- Raised at every claim; writes that carry an older one are refused.
    fence bigint NOT NULL DEFAULT 0,
    n_events integer NOT NULL DEFAULT 0,
    n_lines bigint NOT NULL DEFAULT 0,
    CHECK ((state IN ('succeeded', 'stopped', 'refused', 'expired', 'withdrawn', 'unresolvable')) = (ended_at IS NOT NULL))
);

-- One live run per target.
CREATE UNIQUE INDEX run_one_live_per_system ON run (system_id)
    WHERE state IN ('resolving', 'awaiting-approval', 'queued', 'running', 'asking');
CREATE INDEX run_incident ON run (incident_id);

CREATE TABLE run_event (
    run_id uuid NOT NULL REFERENCES run,
    seq integer NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    by jsonb NOT NULL,
    event jsonb NOT NULL,
    PRIMARY KEY (run_id, seq)
);

CREATE TABLE step_event (LIKE run_event INCLUDING ALL);
ALTER TABLE step_event ADD FOREIGN KEY (run_id) REFERENCES run;

CREATE TRIGGER run_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON run_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER step_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON step_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE step_output (
    run_id uuid NOT NULL REFERENCES run,
    line bigint NOT NULL CHECK (line > 0),
    step integer NOT NULL,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    stream text NOT NULL CHECK (stream IN ('out', 'err', 'muster')),
    text text NOT NULL,
    PRIMARY KEY (run_id, line)
);

-- What the worker has to do: at most one job for a run at a time.
CREATE TABLE job (
    run_id uuid PRIMARY KEY REFERENCES run,
    kind text NOT NULL CHECK (kind IN ('resolve', 'execute')),
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    worker text,
    lease_until timestamptz,
    heard_at timestamptz,
    CHECK ((worker IS NULL) = (lease_until IS NULL))
);
