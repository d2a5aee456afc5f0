-- What is watched between incidents: what people decided, how it stands, what has changed, and sums of what was found.

CREATE TABLE monitor (
    id uuid PRIMARY KEY,
    system_id uuid NOT NULL REFERENCES system,
    name text NOT NULL CHECK (name <> ''),
    definition jsonb NOT NULL,
    made_by jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    retired_at timestamptz,
    -- Grows with each change, so that of two who change it at once one is told.
    version integer NOT NULL DEFAULT 1
);

CREATE UNIQUE INDEX monitor_name ON monitor (system_id, name) WHERE retired_at IS NULL;

CREATE TABLE monitor_standing (
    monitor_id uuid PRIMARY KEY REFERENCES monitor,
    state text NOT NULL DEFAULT 'unknown' CHECK (state IN ('unknown', 'up', 'warning', 'down')),
    since timestamptz NOT NULL,
    bad_in_row integer NOT NULL DEFAULT 0 CHECK (bad_in_row >= 0),
    checked_at timestamptz,
    verdict text CHECK (verdict IN ('good', 'warning', 'bad')),
    took_ms integer,
    value double precision,
    text text,
    -- The next check is anchored to this one's time, not to when it was done. NULL: paused or retired.
    due_at timestamptz,
    -- Whoever checks it holds it so long; then it is anybody's again.
    lease_until timestamptz,
    worker text
);

CREATE INDEX monitor_due ON monitor_standing (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE monitor_change (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    monitor_id uuid NOT NULL REFERENCES monitor,
    at timestamptz NOT NULL,
    state_before text NOT NULL CHECK (state_before IN ('unknown', 'up', 'warning', 'down')),
    state text NOT NULL CHECK (state IN ('unknown', 'up', 'warning', 'down')),
    text text NOT NULL,
    -- What follows from it has been seen to.
    told_at timestamptz
);

CREATE INDEX monitor_change_untold ON monitor_change (number) WHERE told_at IS NULL;
CREATE INDEX monitor_change_of ON monitor_change (monitor_id, number);

-- Sums by hour and day; each kind is forgotten after its time.
CREATE TABLE monitor_bucket (
    monitor_id uuid NOT NULL REFERENCES monitor,
    seconds integer NOT NULL CHECK (seconds IN (60, 3600, 86400)),
    at timestamptz NOT NULL,
    n integer NOT NULL,
    n_bad integer NOT NULL,
    n_warning integer NOT NULL,
    took_ms bigint NOT NULL,
    took_most_ms integer NOT NULL,
    n_values integer NOT NULL,
    value_sum double precision NOT NULL,
    value_least double precision,
    value_most double precision,
    PRIMARY KEY (monitor_id, seconds, at)
);

CREATE INDEX monitor_bucket_age ON monitor_bucket (seconds, at);

-- Sums by minute, of two days: most of what is kept, and not worth a place in every backup.
CREATE TABLE monitor_minute (LIKE monitor_bucket INCLUDING ALL);
ALTER TABLE monitor_minute ADD FOREIGN KEY (monitor_id) REFERENCES monitor;

-- The monitors of a system are a source of its alerts: a monitor that is down is an alert, and rules say what it leads to.
ALTER TABLE alert_source DROP CONSTRAINT alert_source_kind_check;
ALTER TABLE alert_source ADD CONSTRAINT alert_source_kind_check
    CHECK (kind IN ('alertmanager', 'pagerduty', 'generic', 'heartbeat', 'monitors'));
CREATE UNIQUE INDEX alert_source_monitors ON alert_source (system_id) WHERE kind = 'monitors' AND retired_at IS NULL;
