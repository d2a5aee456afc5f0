-- Others' words about a report: comments beside its sections, and what a review said of a version. What is published is kept as it
-- was read then: the facts that Muster filled in, and for everybody the sections that were chosen.

ALTER TABLE report
    -- Absent for what was published before facts were filled in by themselves: then the version's text is the whole of it.
    ADD COLUMN published_facts jsonb,
    -- Absent if it is for the team, and for what was published before sections were chosen.
    ADD COLUMN public_text text;

CREATE TABLE report_comment (
    id uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES report,
    -- Heading of the section; empty for the whole.
    section text NOT NULL,
    version integer NOT NULL,
    text text NOT NULL CHECK (text <> ''),
    by jsonb NOT NULL,
    at timestamptz NOT NULL,
    settled_by jsonb,
    settled_at timestamptz,
    CHECK ((settled_by IS NULL) = (settled_at IS NULL)),
    FOREIGN KEY (incident_id, version) REFERENCES report_version
);

CREATE INDEX report_comment_of ON report_comment (incident_id, at);

CREATE TABLE report_review (
    incident_id uuid NOT NULL,
    seq integer NOT NULL CHECK (seq > 0),
    version integer NOT NULL,
    deed text NOT NULL CHECK (deed IN ('asked', 'approved', 'changes-asked')),
    text text NOT NULL,
    by jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (incident_id, seq),
    FOREIGN KEY (incident_id, version) REFERENCES report_version
);

CREATE TRIGGER report_review_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON report_review
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
