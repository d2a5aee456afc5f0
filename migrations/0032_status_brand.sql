-- Whose the public page is and how it speaks: versions, only added to, and the logos that any of them has.

CREATE TABLE status_logo (
    digest text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
    kind text NOT NULL CHECK (kind IN ('png', 'jpeg', 'webp')),
    width integer NOT NULL CHECK (width > 0),
    height integer NOT NULL CHECK (height > 0),
    bytes bytea NOT NULL CHECK (octet_length(bytes) BETWEEN 1 AND 102400)
);

CREATE TRIGGER status_logo_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON status_logo
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE status_brand (
    version integer PRIMARY KEY CHECK (version > 0),
    brand jsonb NOT NULL,
    logo text REFERENCES status_logo CHECK (logo IS NOT DISTINCT FROM brand ->> 'logo'),
    saved_by jsonb NOT NULL,
    saved_at timestamptz NOT NULL
);

CREATE TRIGGER status_brand_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON status_brand
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
