-- Answers by link, links in letters, hours in which people are not called, and rehearsals of the contact tree.

-- Whom a mild incident does not wake while somebody else is awake. Local times; the zone is one that Postgres knows.
CREATE TABLE quiet_hours (
    user_id uuid PRIMARY KEY REFERENCES app_user,
    begins time NOT NULL,
    ends time NOT NULL,
    zone text NOT NULL CHECK (zone <> ''),
    CHECK (begins <> ends)
);

-- Everybody on the plan's contact roles is called as a drill, to measure who answers within a level's response time.
CREATE TABLE contact_drill (
    id uuid PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    system_id uuid NOT NULL REFERENCES system,
    level smallint NOT NULL,
    level_name text NOT NULL CHECK (level_name <> ''),
    within_seconds bigint NOT NULL CHECK (within_seconds > 0),
    -- Roles of the plan that had nobody.
    empty_roles text[] NOT NULL,
    begun_by jsonb NOT NULL,
    begun_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK (due_at > begun_at)
);

-- One at a time: two at once would measure nothing.
CREATE UNIQUE INDEX contact_drill_one ON contact_drill (system_id) WHERE ended_at IS NULL;

CREATE TABLE contact_drill_call (
    id uuid PRIMARY KEY,
    drill_id uuid NOT NULL REFERENCES contact_drill,
    user_id uuid NOT NULL REFERENCES app_user,
    name text NOT NULL,
    -- As the plan writes them.
    roles text[] NOT NULL,
    answered_at timestamptz,
    UNIQUE (drill_id, user_id)
);

ALTER TABLE message
    ADD COLUMN drill_call_id uuid REFERENCES contact_drill_call,
    -- The part of the link that lets somebody in, sealed with the install's key; gone when the message has ended.
    ADD COLUMN secret bytea,
    -- Who is invited has no account yet.
    ALTER COLUMN user_id DROP NOT NULL,
    DROP CONSTRAINT message_purpose_check,
    ADD CONSTRAINT message_purpose_check
        CHECK (purpose IN ('page', 'notice', 'test', 'verification', 'drill', 'invitation', 'new-password')),
    ADD CONSTRAINT message_user_check CHECK (user_id IS NOT NULL OR purpose = 'invitation'),
    ADD CONSTRAINT message_secret_check CHECK (secret IS NULL OR ended_at IS NULL);

CREATE INDEX message_of_drill_call ON message (drill_call_id) WHERE drill_call_id IS NOT NULL;
