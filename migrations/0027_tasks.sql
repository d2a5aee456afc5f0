-- What somebody is to do in an incident, and what people are told because it is about them.

ALTER TABLE incident ADD COLUMN tasks jsonb NOT NULL DEFAULT '[]';
CREATE INDEX incident_with_tasks ON incident (number) WHERE closed_at IS NULL AND tasks <> '[]';

CREATE TABLE nudge (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id uuid NOT NULL,
    -- The entry of the timeline that is about this person.
    entry integer NOT NULL,
    user_id uuid NOT NULL REFERENCES app_user,
    at timestamptz NOT NULL,
    seen_at timestamptz,
    FOREIGN KEY (incident_id, entry) REFERENCES incident_event (incident_id, seq),
    UNIQUE (incident_id, entry, user_id)
);

CREATE INDEX nudge_unseen ON nudge (user_id, number) WHERE seen_at IS NULL;
