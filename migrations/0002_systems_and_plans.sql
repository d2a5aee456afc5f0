-- Systems under recovery and every version of their written plans.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TABLE system (
    id uuid PRIMARY KEY,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name text NOT NULL CHECK (name <> ''),
    -- The Compose project on the Docker host: the border of what a run may touch.
    project text NOT NULL CHECK (project ~ '^[a-z0-9][a-z0-9_-]*$'),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT system_slug_key UNIQUE (slug),
    CONSTRAINT system_project_key UNIQUE (project)
);

CREATE TABLE plan_version (
    id uuid PRIMARY KEY,
    system_id uuid NOT NULL REFERENCES system,
    version integer NOT NULL CHECK (version > 0),
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    source text NOT NULL,
    imported_at timestamptz NOT NULL,
    imported_by jsonb NOT NULL,
    reason text NOT NULL,
    UNIQUE (system_id, version)
);

CREATE TRIGGER plan_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON plan_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
