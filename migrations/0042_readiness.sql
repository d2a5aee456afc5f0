-- How ready each system was, day by day: kept, because what was known then cannot be found out later.

CREATE TABLE readiness_day (
    system_id uuid NOT NULL REFERENCES system,
    day date NOT NULL,
    score integer NOT NULL CHECK (score BETWEEN 0 AND 100),
    PRIMARY KEY (system_id, day)
);

-- What is asked for evidence: the last successful run of each procedure, the last incident of each component.
CREATE INDEX run_succeeded ON run (system_id, ended_at) WHERE state = 'succeeded';
CREATE INDEX incident_resolved ON incident (system_id, resolved_at) WHERE resolved_at IS NOT NULL;
