-- Which incident taught what a version of a plan changed.

CREATE TABLE plan_version_origin (
    system_id uuid NOT NULL,
    version integer NOT NULL,
    incident_id uuid NOT NULL REFERENCES incident,
    PRIMARY KEY (system_id, version),
    FOREIGN KEY (system_id, version) REFERENCES plan_version (system_id, version)
);

CREATE INDEX plan_version_origin_of ON plan_version_origin (incident_id);
CREATE TRIGGER plan_version_origin_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON plan_version_origin
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
