-- Backups restored on trial: how often and how, each trial, and which files it has shown to be good or not.

CREATE TABLE verification_settings (
    system_id uuid PRIMARY KEY REFERENCES system,
    settings jsonb NOT NULL,
    -- Grows with each change, so that of two who change it at once one is told.
    version integer NOT NULL DEFAULT 1,
    changed_by jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    -- NULL: only when somebody asks for it.
    due_at timestamptz
);

CREATE TABLE verification (
    id uuid PRIMARY KEY,
    system_id uuid NOT NULL REFERENCES system,
    -- As they were when it was asked for.
    settings jsonb NOT NULL,
    -- NULL: the schedule.
    asked_by jsonb,
    asked_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'verified', 'failed', 'cancelled')),
    begun_at timestamptz,
    ended_at timestamptz,
    worker text,
    -- Whoever makes it holds it so long; then it is anybody's again.
    lease_until timestamptz,
    -- Also the fence: who began it before has lost it.
    n_attempts integer NOT NULL DEFAULT 0,
    cancelled_by jsonb,
    doing text,
    why text,
    found jsonb NOT NULL DEFAULT '[]',
    -- What follows from it has been seen to.
    told_at timestamptz,
    CHECK ((state IN ('verified', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK (state <> 'running' OR (worker IS NOT NULL AND lease_until IS NOT NULL))
);

CREATE UNIQUE INDEX verification_live ON verification (system_id) WHERE state IN ('waiting', 'running');
CREATE INDEX verification_of ON verification (system_id, asked_at);
CREATE INDEX verification_untold ON verification (ended_at) WHERE ended_at IS NOT NULL AND told_at IS NULL;

-- Asked before something is wiped: what is known of the very file that lies there.
CREATE TABLE verified_file (
    verification_id uuid NOT NULL REFERENCES verification ON DELETE CASCADE,
    system_id uuid NOT NULL REFERENCES system,
    place text NOT NULL,
    digest text NOT NULL,
    verified boolean NOT NULL,
    why text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (verification_id, place)
);

CREATE INDEX verified_file_digest ON verified_file (system_id, digest, at);
