-- The audit chain, the event stream, and answers kept for repeated requests.

CREATE TABLE audit_entry (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    -- Canonical JSON, exactly as hashed.
    entry text NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL UNIQUE
);

CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- One row: locked by whoever appends, so that the chain has one order.
CREATE TABLE audit_head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    seq bigint NOT NULL,
    hash text NOT NULL
);

CREATE TABLE live_event (
    id bigint PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    topic jsonb NOT NULL
);

CREATE INDEX live_event_at ON live_event (at);

-- One row: ids are given out under its lock at the end of a transaction, so that a reader who has seen an id has seen all before it.
CREATE TABLE live_head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    id bigint NOT NULL
);

INSERT INTO live_head (id) VALUES (0);

CREATE TABLE idempotency (
    user_id uuid NOT NULL REFERENCES app_user,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_digest text NOT NULL,
    status smallint,
    body text,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);
