-- Drills: a procedure carried out on a target of its own, the calendar of when, and what each showed.

-- A drill is an incident that has not happened: nothing of it is ever public, nobody is called.
ALTER TABLE incident
    ADD COLUMN drill boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT incident_drill_is_not_public CHECK (NOT drill OR (public_title IS NULL AND seen_by IS NULL));

-- Its run acts on another Compose project, so a recovery never waits for it.
ALTER TABLE run ADD COLUMN drill boolean NOT NULL DEFAULT false;
DROP INDEX run_one_live_per_system;
CREATE UNIQUE INDEX run_one_live_per_system ON run (system_id, drill)
    WHERE NOT dry_run AND state IN ('resolving', 'awaiting-approval', 'queued', 'running', 'asking', 'cancelling');

ALTER TABLE job DROP CONSTRAINT job_kind_check;
ALTER TABLE job ADD CONSTRAINT job_kind_check CHECK (kind IN ('resolve', 'execute', 'watch', 'clear'));

-- What is to be rehearsed again and again.
CREATE TABLE drill_schedule (
    id uuid PRIMARY KEY,
    system_id uuid NOT NULL REFERENCES system,
    kind text NOT NULL CHECK (kind IN ('procedure', 'contact-tree')),
    -- Of the plan, by its id there.
    procedure text CHECK (procedure <> ''),
    every text NOT NULL CHECK (every IN ('monthly', 'quarterly')),
    -- When it is due next, and when it would have been, if blocked days moved it, with their reason.
    due_at timestamptz NOT NULL,
    moved_from timestamptz,
    moved_why text,
    -- When it was done last.
    done_at timestamptz,
    responsible uuid NOT NULL REFERENCES app_user,
    made_by jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    -- The due instants of which the responsible person was told.
    reminded_of timestamptz,
    told_overdue_of timestamptz,
    retired_at timestamptz,
    CHECK ((kind = 'procedure') = (procedure IS NOT NULL)),
    CHECK ((moved_from IS NULL) = (moved_why IS NULL))
);
CREATE UNIQUE INDEX drill_schedule_one ON drill_schedule (system_id, kind, coalesce(procedure, '')) WHERE retired_at IS NULL;
CREATE INDEX drill_schedule_due ON drill_schedule (due_at) WHERE retired_at IS NULL;

-- Days on which nothing is rehearsed: a freeze, holidays.
CREATE TABLE drill_window (
    id uuid PRIMARY KEY,
    system_id uuid NOT NULL REFERENCES system,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    made_by jsonb NOT NULL,
    CHECK (from_at < until_at)
);

-- One rehearsal of a procedure. Incident and run hold what was done; here is what it showed.
CREATE TABLE drill (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system_id uuid NOT NULL REFERENCES system,
    schedule_id uuid REFERENCES drill_schedule,
    incident_id uuid NOT NULL UNIQUE REFERENCES incident,
    run_id uuid NOT NULL UNIQUE REFERENCES run,
    procedure text NOT NULL,
    title text NOT NULL,
    begun_by jsonb NOT NULL,
    begun_at timestamptz NOT NULL,
    limit_seconds bigint NOT NULL CHECK (limit_seconds > 0),
    -- Why it was ended before its time, if it was.
    stopped_why text,
    -- The worker's word: the target is gone, and what is not.
    cleared_at timestamptz,
    left_behind text[],
    ended_at timestamptz,
    -- From the target's standing to the last check, if the run succeeded; and from the request.
    recovered_seconds bigint,
    asked_seconds bigint,
    verdict text CHECK (verdict IN ('good', 'lacking')),
    verdict_by jsonb,
    verdict_at timestamptz,
    verdict_note text,
    CHECK ((cleared_at IS NULL) = (left_behind IS NULL)),
    CHECK ((verdict IS NULL) = (verdict_by IS NULL) AND (verdict IS NULL) = (verdict_at IS NULL)
           AND (verdict IS NULL) = (verdict_note IS NULL))
);
-- One at a time: two at once would share the target.
CREATE UNIQUE INDEX drill_one ON drill (system_id) WHERE ended_at IS NULL;
