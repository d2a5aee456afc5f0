-- What the public sees of components: how people have arranged them, their state now, and what each day held.

CREATE TABLE status_layout (
    version integer PRIMARY KEY CHECK (version > 0),
    layout jsonb NOT NULL,
    saved_by jsonb NOT NULL,
    saved_at timestamptz NOT NULL
);

CREATE TRIGGER status_layout_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON status_layout
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The state that goes on. When it changes, what it held is added to its days.
CREATE TABLE component_state (
    system_id uuid NOT NULL REFERENCES system,
    component text NOT NULL CHECK (component <> ''),
    impact text NOT NULL CHECK (impact IN ('operational', 'degraded', 'partial-outage', 'major-outage')),
    maintenance boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    -- Before it nothing is known, which is not the same as nothing wrong.
    first_seen_at timestamptz NOT NULL CHECK (first_seen_at <= changed_at),
    PRIMARY KEY (system_id, component)
);

-- Days in UTC that were not good from end to end; only what has ended. Five years cost as much as a week: readers ask for 90 days.
CREATE TABLE component_day (
    system_id uuid NOT NULL,
    component text NOT NULL,
    day date NOT NULL,
    degraded_seconds integer NOT NULL DEFAULT 0 CHECK (degraded_seconds >= 0),
    partial_seconds integer NOT NULL DEFAULT 0 CHECK (partial_seconds >= 0),
    major_seconds integer NOT NULL DEFAULT 0 CHECK (major_seconds >= 0),
    maintenance_seconds integer NOT NULL DEFAULT 0 CHECK (maintenance_seconds >= 0),
    PRIMARY KEY (system_id, component, day),
    FOREIGN KEY (system_id, component) REFERENCES component_state
);

CREATE INDEX component_day_by_day ON component_day (day);
