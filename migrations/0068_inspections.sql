-- Reviews of access and audits of security: what was looked at as it was, what people said of each line, and who signed it off.

CREATE TABLE inspection (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system_id uuid NOT NULL REFERENCES system,
    kind text NOT NULL CHECK (kind IN ('access-review', 'security-audit')),
    plan_version integer NOT NULL,
    begun_by jsonb NOT NULL,
    begun_at timestamptz NOT NULL,
    -- What the server found about itself when it began.
    server_facts jsonb,
    -- What a worker found on the host, once it has looked; only the worker says it.
    host_facts jsonb,
    looked_at timestamptz,
    look_worker text,
    look_lease_until timestamptz,
    ended_at timestamptz,
    ended_by jsonb,
    -- Ended without a result, and nothing is shown by it.
    called_off boolean NOT NULL DEFAULT false,
    note text,
    CHECK ((kind = 'security-audit') = (server_facts IS NOT NULL)),
    CHECK ((host_facts IS NULL) = (looked_at IS NULL)),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (note IS NULL)),
    CHECK (NOT called_off OR ended_at IS NOT NULL)
);
CREATE UNIQUE INDEX inspection_one ON inspection (system_id, kind) WHERE ended_at IS NULL;
CREATE INDEX inspection_of ON inspection (system_id, begun_at);

CREATE TABLE inspection_line (
    inspection bigint NOT NULL REFERENCES inspection,
    place integer NOT NULL CHECK (place >= 1),
    -- What it is about, as it was when the inspection began.
    subject jsonb NOT NULL,
    -- Whose account it is: they do not decide about it.
    account uuid REFERENCES app_user,
    -- What Muster found, as it stood at the sign-off.
    found jsonb,
    decision text CHECK (decision IN ('keep', 'change', 'remove', 'holds', 'does-not-hold', 'not-applicable')),
    note text,
    decided_by jsonb,
    decider uuid REFERENCES app_user,
    decided_at timestamptz,
    PRIMARY KEY (inspection, place),
    CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decider IS NULL)
           AND (decision IS NULL) = (decided_at IS NULL) AND (decision IS NULL) = (note IS NULL)),
    CONSTRAINT inspection_line_four_eyes CHECK (account IS DISTINCT FROM decider OR account IS NULL)
);

-- They come due on the same calendar.
ALTER TABLE drill_schedule DROP CONSTRAINT drill_schedule_kind_check;
ALTER TABLE drill_schedule ADD CONSTRAINT drill_schedule_kind_check
    CHECK (kind IN ('procedure', 'contact-tree', 'backup-verification', 'access-review', 'security-audit'));
