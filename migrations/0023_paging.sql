-- Who is called when, and who was.

-- Real people for the plan's contact roles, in the order in which they are called: 1 is the primary, 2 the backup.
CREATE TABLE contact (
    system_id uuid NOT NULL REFERENCES system,
    role text NOT NULL CHECK (role <> ''),
    place smallint NOT NULL CHECK (place > 0),
    user_id uuid NOT NULL REFERENCES app_user,
    PRIMARY KEY (system_id, role, place),
    UNIQUE (system_id, role, user_id)
);

-- One round of calling for an incident: from its declaration, or from a rise of its level, until somebody answers.
CREATE TABLE paging (
    incident_id uuid NOT NULL REFERENCES incident,
    round smallint NOT NULL CHECK (round > 0),
    -- As the outbox's: a round from before a restore is not gone on with.
    world uuid NOT NULL,
    level smallint NOT NULL,
    response_seconds bigint,
    begun_at timestamptz NOT NULL,
    -- How many steps have been taken.
    n_steps smallint NOT NULL DEFAULT 0,
    stepped_at timestamptz,
    -- When the rule is to be asked again.
    next_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (incident_id, round),
    CHECK ((next_at IS NULL) = (ended_at IS NOT NULL))
);

CREATE INDEX paging_due ON paging (next_at) WHERE next_at IS NOT NULL;

-- One person called in one step; the messages name it.
CREATE TABLE page (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL,
    round smallint NOT NULL,
    step smallint NOT NULL CHECK (step > 0),
    user_id uuid NOT NULL REFERENCES app_user,
    name text NOT NULL,
    at timestamptz NOT NULL,
    answered_at timestamptz,
    UNIQUE (incident_id, round, step, user_id),
    FOREIGN KEY (incident_id, round) REFERENCES paging
);

ALTER TABLE message ADD COLUMN page_id uuid REFERENCES page;

CREATE INDEX message_of_page ON message (page_id) WHERE page_id IS NOT NULL;

-- Notices that have been made into messages. Those from before there was an outbox count as told.
CREATE TABLE notice_sent (
    notice bigint PRIMARY KEY REFERENCES notice
);

INSERT INTO notice_sent SELECT number FROM notice;
