-- Consent given beforehand: to one procedure, when one thing is down. And what came of it each time.

CREATE TABLE standing_order (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system_id uuid NOT NULL REFERENCES system,
    name text NOT NULL CHECK (name <> ''),
    -- What people consent to, whole; nobody changes it.
    terms jsonb NOT NULL,
    content jsonb NOT NULL,
    policy jsonb NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    proposed_by uuid NOT NULL REFERENCES app_user,
    proposed_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > proposed_at),
    decisions jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(decisions) = 'array'),
    state text NOT NULL DEFAULT 'proposed'
        CHECK (state IN ('proposed', 'in-force', 'suspended', 'refused', 'revoked', 'lapsed')),
    -- Who brought it into this state, when, and why.
    changed_by jsonb,
    changed_at timestamptz,
    changed_why text,
    CHECK ((changed_at IS NULL) = (changed_by IS NULL)),
    CHECK (state NOT IN ('suspended', 'refused', 'revoked', 'lapsed') OR changed_why <> '')
);

CREATE UNIQUE INDEX standing_order_name ON standing_order (system_id, name)
    WHERE state IN ('proposed', 'in-force', 'suspended');
CREATE INDEX standing_order_in_force ON standing_order (system_id) WHERE state = 'in-force';

CREATE TABLE standing_order_use (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_number bigint NOT NULL REFERENCES standing_order,
    alert_number bigint NOT NULL REFERENCES alert,
    incident_id uuid NOT NULL REFERENCES incident,
    run_id uuid REFERENCES run,
    state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'begun', 'helped', 'handed-over')),
    at timestamptz NOT NULL,
    begun_at timestamptz,
    ended_at timestamptz,
    text text NOT NULL DEFAULT '',
    CHECK ((run_id IS NULL) = (begun_at IS NULL)),
    CHECK (state <> 'begun' OR run_id IS NOT NULL),
    CHECK ((state IN ('helped', 'handed-over')) = (ended_at IS NOT NULL))
);

-- One alert begins one order once.
CREATE UNIQUE INDEX standing_order_use_once ON standing_order_use (alert_number);
CREATE INDEX standing_order_use_open ON standing_order_use (id) WHERE ended_at IS NULL;
CREATE INDEX standing_order_use_of ON standing_order_use (order_number, id);

-- Runs that an order began, for its limits: the run's own header says so.
CREATE INDEX run_by_standing_order ON run (((header->>'standing_order')::bigint), requested_at)
    WHERE header->>'standing_order' IS NOT NULL;
