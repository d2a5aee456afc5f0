-- Alerts that come in: who may send them, and what has been heard. The same trouble of one source is one row as long as it lasts.

CREATE TABLE alert_source (
    id uuid PRIMARY KEY,
    system_id uuid NOT NULL REFERENCES system,
    name text NOT NULL CHECK (name <> ''),
    kind text NOT NULL CHECK (kind IN ('alertmanager', 'pagerduty', 'generic', 'heartbeat')),
    -- Only a digest of the key is kept; a new key takes the place of the old one.
    key_hash text NOT NULL UNIQUE,
    mapping jsonb NOT NULL,
    rules jsonb NOT NULL,
    -- A heartbeat is silent when nothing was heard for both together.
    beat_seconds bigint CHECK (beat_seconds BETWEEN 1 AND 31536000),
    grace_seconds bigint CHECK (grace_seconds BETWEEN 0 AND 31536000),
    -- Until then its alerts are written down and lead to nothing.
    muted_until timestamptz,
    made_by jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    retired_at timestamptz,
    heard_at timestamptz,
    -- Grows with each change, so that of two who change it at once one is told.
    version integer NOT NULL DEFAULT 1,
    CHECK ((kind = 'heartbeat') = (beat_seconds IS NOT NULL)),
    CHECK ((kind = 'heartbeat') = (grace_seconds IS NOT NULL))
);

CREATE UNIQUE INDEX alert_source_name ON alert_source (system_id, name) WHERE retired_at IS NULL;

CREATE TABLE alert (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id uuid NOT NULL REFERENCES alert_source,
    key text NOT NULL,
    title text NOT NULL CHECK (title <> ''),
    text text,
    url text,
    labels jsonb NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- Messages that said so.
    n_heard bigint NOT NULL DEFAULT 1,
    outcome text NOT NULL DEFAULT 'shown' CHECK (outcome IN ('shown', 'ignored', 'muted', 'declared', 'joined')),
    incident_id uuid REFERENCES incident,
    CHECK ((outcome IN ('declared', 'joined')) = (incident_id IS NOT NULL))
);

-- The law behind deduplication: one firing alert for each key of a source.
CREATE UNIQUE INDEX alert_firing ON alert (source_id, key) WHERE ended_at IS NULL;
CREATE INDEX alert_of_incident ON alert (incident_id) WHERE incident_id IS NOT NULL;
CREATE INDEX alert_last_of_key ON alert (source_id, key, number);
