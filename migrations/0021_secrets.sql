-- Secrets: values that the steps of a system's plan need. What is here is sealed with a key that is outside the database.

CREATE TABLE secret (
    system_id uuid NOT NULL REFERENCES system (id),
    name text NOT NULL CHECK (name ~ '^[A-Za-z_][A-Za-z0-9_]{0,63}$'),
    -- Grows with each value, also over a deletion: consent to one version is never consent to another.
    version integer NOT NULL CHECK (version >= 0),
    -- NULL: deleted, or not set yet.
    sealed bytea,
    -- Names the key, says nothing about it.
    key_id text,
    set_by jsonb NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (system_id, name),
    CHECK ((sealed IS NULL) = (key_id IS NULL))
);
