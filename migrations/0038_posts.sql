-- Texts that people keep to post again, and messages that wait for their time.

CREATE TABLE post_template (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    -- What the public state becomes with it; NULL: whoever posts chooses.
    state text CHECK (state IN ('investigating', 'identified', 'monitoring')),
    text text NOT NULL CHECK (text <> ''),
    version integer NOT NULL DEFAULT 1,
    saved_by jsonb NOT NULL,
    saved_at timestamptz NOT NULL
);

CREATE UNIQUE INDEX post_template_name ON post_template (lower(name));

CREATE TABLE scheduled_post (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incident,
    state text NOT NULL CHECK (state IN ('investigating', 'identified', 'monitoring')),
    text text NOT NULL CHECK (text <> ''),
    notify boolean NOT NULL,
    publish_at timestamptz NOT NULL,
    -- In whose name it is posted: who scheduled it, or changed it last.
    by_user uuid NOT NULL REFERENCES app_user,
    -- As the outbox's: what waited before a restore may have been posted.
    world uuid NOT NULL,
    version integer NOT NULL DEFAULT 1,
    outcome text CHECK (outcome IN ('posted', 'cancelled', 'skipped')),
    ended_at timestamptz,
    CHECK ((outcome IS NULL) = (ended_at IS NULL))
);

CREATE INDEX scheduled_post_due ON scheduled_post (publish_at) WHERE outcome IS NULL;
CREATE INDEX scheduled_post_of_incident ON scheduled_post (incident_id, publish_at) WHERE outcome IS NULL;
