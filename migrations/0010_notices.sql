-- What a step of a run has told people, once for each step however often it is tried, and who of them has read it.

CREATE TABLE notice (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES run,
    step integer NOT NULL CHECK (step > 0),
    incident_id uuid NOT NULL REFERENCES incident,
    audience text NOT NULL CHECK (audience IN (
        'everyone', 'system-administrator', 'database-administrator', 'security-officer',
        'viewer', 'responder', 'operator', 'approver', 'administrator')),
    text text NOT NULL CHECK (text <> ''),
    at timestamptz NOT NULL,
    UNIQUE (run_id, step)
);

CREATE INDEX notice_audience ON notice (audience, number);

CREATE TABLE notice_ack (
    notice bigint NOT NULL REFERENCES notice,
    user_id uuid NOT NULL REFERENCES app_user,
    at timestamptz NOT NULL,
    PRIMARY KEY (notice, user_id)
);

CREATE TRIGGER notice_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON notice
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER notice_ack_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON notice_ack
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
