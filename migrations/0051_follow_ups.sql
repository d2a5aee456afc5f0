-- What is to be done after an incident, tracked until it is done: who, until when, and when they are reminded.

CREATE TABLE follow_up (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incident,
    title text NOT NULL CHECK (title <> ''),
    owner_id uuid REFERENCES app_user,
    due_at timestamptz,
    priority text NOT NULL CHECK (priority IN ('low', 'normal', 'high')),
    state text NOT NULL CHECK (state IN ('open', 'done', 'dropped')),
    version integer NOT NULL CHECK (version > 0),
    -- How it ended, and where to see it.
    note text NOT NULL DEFAULT '',
    link text,
    added_by jsonb NOT NULL,
    added_at timestamptz NOT NULL,
    ended_by jsonb,
    ended_at timestamptz,
    -- The last reminder that was sent, and when the next is due.
    reminded text NOT NULL DEFAULT 'never' CHECK (reminded IN ('never', 'soon', 'overdue')),
    remind_at timestamptz,
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((ended_by IS NULL) = (ended_at IS NULL)),
    CHECK (remind_at IS NULL OR (state = 'open' AND due_at IS NOT NULL))
);

CREATE INDEX follow_up_of ON follow_up (incident_id);
CREATE INDEX follow_up_open ON follow_up (due_at) WHERE state = 'open';
CREATE INDEX follow_up_remind ON follow_up (remind_at) WHERE remind_at IS NOT NULL;
