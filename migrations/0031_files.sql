-- Files that were put to an incident, in pieces. What is kept is never changed; what is still on its way is of no worth.

CREATE TABLE attachment (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incident,
    name text NOT NULL CHECK (name <> '' AND name !~ '[/\\]'),
    kind text NOT NULL CHECK (kind IN ('png', 'jpeg', 'gif', 'webp', 'pdf', 'text')),
    n_bytes bigint NOT NULL CHECK (n_bytes > 0),
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    at timestamptz NOT NULL
);

CREATE INDEX attachment_incident ON attachment (incident_id);

CREATE TABLE attachment_chunk (
    attachment_id uuid NOT NULL REFERENCES attachment,
    n integer NOT NULL CHECK (n >= 0),
    bytes bytea NOT NULL CHECK (length(bytes) > 0),
    PRIMARY KEY (attachment_id, n)
);

-- Images are compressed already.
ALTER TABLE attachment_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- Not written ahead and in no backup: an upload that does not end leaves nothing.
CREATE UNLOGGED TABLE upload_chunk (
    upload uuid NOT NULL,
    n integer NOT NULL,
    bytes bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (upload, n)
);

ALTER TABLE upload_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TRIGGER attachment_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON attachment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER attachment_chunk_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON attachment_chunk
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
