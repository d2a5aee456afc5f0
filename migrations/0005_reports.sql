-- Post-incident reports: every saved text is a version, none is overwritten.

CREATE TABLE report (
    incident_id uuid PRIMARY KEY REFERENCES incident,
    n_versions integer NOT NULL CHECK (n_versions > 0),
    published_version integer,
    published_public boolean,
    published_at timestamptz,
    published_by jsonb,
    CHECK (num_nonnulls(published_version, published_public, published_at, published_by) IN (0, 4)),
    CHECK (published_version <= n_versions)
);

CREATE TABLE report_version (
    incident_id uuid NOT NULL REFERENCES report,
    version integer NOT NULL CHECK (version > 0),
    body text NOT NULL,
    saved_at timestamptz NOT NULL,
    saved_by jsonb NOT NULL,
    PRIMARY KEY (incident_id, version)
);

CREATE TRIGGER report_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON report_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
