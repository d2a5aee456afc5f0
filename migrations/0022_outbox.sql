-- Ways to reach people, what is sent to them, and what became of it.

-- A person's own ways beside the account's e-mail address.
CREATE TABLE way (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES app_user,
    channel text NOT NULL CHECK (channel IN ('email', 'phone', 'webhook', 'slack', 'ntfy')),
    -- For people to recognise; of an address that lets its holder write there, only the host.
    shown text NOT NULL CHECK (shown <> ''),
    -- The address, and the key a webhook is signed with, sealed with the install's key.
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    verified_at timestamptz,
    removed_at timestamptz,
    -- Of the code in the last test message.
    code_hash text,
    code_until timestamptz,
    n_wrong integer NOT NULL DEFAULT 0,
    CHECK ((code_hash IS NULL) = (code_until IS NULL))
);

CREATE INDEX way_of_user ON way (user_id) WHERE removed_at IS NULL;

-- Which life of the database this is. Not part of a backup: what was queued before a restore belongs to another and stays unsent.
CREATE TABLE outbox_world (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    id uuid NOT NULL
);

INSERT INTO outbox_world (id) VALUES (gen_random_uuid());

CREATE TABLE message (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    world uuid NOT NULL,
    -- The same cause writes it once.
    dedup text NOT NULL UNIQUE,
    purpose text NOT NULL CHECK (purpose IN ('page', 'notice', 'test', 'verification')),
    user_id uuid NOT NULL REFERENCES app_user,
    recipient text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('email', 'webhook', 'slack', 'ntfy')),
    -- NULL: the account's e-mail address.
    way_id uuid REFERENCES way,
    -- As sent, or as people recognise it.
    address text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    -- Where it leads, from the root.
    link text,
    incident_id uuid REFERENCES incident,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'maybe-sent', 'failed', 'kept')),
    n_attempts integer NOT NULL DEFAULT 0,
    -- An earlier attempt may have arrived.
    repeats boolean NOT NULL DEFAULT false,
    -- When it is due; while it is being sent, when whoever does so is given up.
    next_at timestamptz,
    lease uuid,
    -- How the last attempt ended, in words.
    said text,
    queued_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK (channel = 'email' OR way_id IS NOT NULL),
    CHECK ((state = 'sending') = (lease IS NOT NULL)),
    CHECK ((next_at IS NULL) = (ended_at IS NOT NULL)),
    CHECK (state NOT IN ('queued', 'sending') OR next_at IS NOT NULL),
    CHECK (state NOT IN ('sent', 'failed', 'kept') OR ended_at IS NOT NULL)
);

CREATE INDEX message_due ON message (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX message_of_incident ON message (incident_id, number) WHERE incident_id IS NOT NULL;

CREATE TABLE message_event (
    message bigint NOT NULL REFERENCES message,
    seq integer NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    event text NOT NULL CHECK (event IN ('queued', 'begun', 'repeated', 'sent', 'maybe-sent', 'failed', 'given-up', 'kept', 'restored')),
    said text NOT NULL DEFAULT '',
    PRIMARY KEY (message, seq)
);

CREATE TRIGGER message_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON message_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
