-- Announced work on components: what is planned, and everything that happened to it.

CREATE TABLE maintenance (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- What the log leads to, for lists and for components.
    state text NOT NULL CHECK (state IN ('scheduled', 'under-way', 'completed', 'cancelled')),
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL CHECK (to_at > from_at),
    ended_at timestamptz,
    -- When something happens by itself. The server looks then, and says so once.
    next_due_at timestamptz,
    n_events integer NOT NULL DEFAULT 0,
    CHECK ((state IN ('completed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((next_due_at IS NULL) = (ended_at IS NOT NULL))
);

CREATE INDEX maintenance_due ON maintenance (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX maintenance_ended ON maintenance (ended_at) WHERE ended_at IS NOT NULL;

-- Never changes: other components are another maintenance.
CREATE TABLE maintenance_component (
    maintenance bigint NOT NULL REFERENCES maintenance,
    system_id uuid NOT NULL REFERENCES system,
    component text NOT NULL CHECK (component <> ''),
    PRIMARY KEY (maintenance, system_id, component)
);

CREATE INDEX maintenance_component_of_system ON maintenance_component (system_id, maintenance);

CREATE TABLE maintenance_event (
    maintenance bigint NOT NULL REFERENCES maintenance,
    seq integer NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    by jsonb NOT NULL,
    event jsonb NOT NULL,
    PRIMARY KEY (maintenance, seq)
);

CREATE TRIGGER maintenance_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON maintenance_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
