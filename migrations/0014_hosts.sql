-- Systems on several Docker hosts: a system may name the host it lives on, and only workers of that host act on it.

-- As the host's worker calls it (MUSTER_WORKER_HOST, else the engine's own name). NULL: on whichever host a worker has the project.
ALTER TABLE system ADD COLUMN host text CHECK (host ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$');

-- One system per project and host; a system without a host is on all of them, so its project is nobody else's anywhere.
ALTER TABLE system DROP CONSTRAINT system_project_key;

CREATE FUNCTION system_project_is_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Two that are written at once would not see each other.
    PERFORM pg_advisory_xact_lock(hashtext('muster system ' || NEW.project));
    IF EXISTS (SELECT 1 FROM system s WHERE s.project = NEW.project AND s.id <> NEW.id
                 AND (s.host IS NULL OR NEW.host IS NULL OR s.host = NEW.host)) THEN
        RAISE EXCEPTION 'another system has the project % on this host', NEW.project
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'system_project_key';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER system_project_is_one BEFORE INSERT OR UPDATE OF project, host ON system
    FOR EACH ROW EXECUTE FUNCTION system_project_is_one();

-- Two hosts may have a project of one name. What was seen before is seen again within seconds.
DELETE FROM project_sight;
ALTER TABLE project_sight ADD COLUMN host text NOT NULL;
ALTER TABLE project_sight DROP CONSTRAINT project_sight_pkey;
ALTER TABLE project_sight ADD PRIMARY KEY (project, host);
