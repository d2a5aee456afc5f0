-- Incidents: the row is the fold of its events, kept in the same transaction.

CREATE TABLE incident (
    id uuid PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    system_id uuid NOT NULL REFERENCES system,
    title text NOT NULL CHECK (title <> ''),
    level smallint NOT NULL CHECK (level > 0),
    level_name text NOT NULL,
    response_seconds bigint CHECK (response_seconds >= 0),
    affected jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('declared', 'acknowledged', 'working', 'resolved')),
    declared_by jsonb NOT NULL,
    declared_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    resolved_at timestamptz,
    public_title text,
    public_state text CHECK (public_state IN ('investigating', 'identified', 'monitoring', 'resolved')),
    n_events integer NOT NULL,
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK ((state = 'declared') = (acknowledged_at IS NULL)),
    CHECK (public_state IS NULL OR public_title IS NOT NULL)
);

CREATE INDEX incident_open ON incident (number) WHERE state <> 'resolved';

CREATE TABLE incident_event (
    incident_id uuid NOT NULL REFERENCES incident,
    seq integer NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    by jsonb NOT NULL,
    event jsonb NOT NULL,
    PRIMARY KEY (incident_id, seq)
);

CREATE TRIGGER incident_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON incident_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
