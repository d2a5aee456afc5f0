-- Runs that wait in line, runs that go on from another, answers of two people, and consent given by breaking the glass.

ALTER TABLE run DROP CONSTRAINT run_state_check;
ALTER TABLE run ADD CONSTRAINT run_state_check CHECK (state IN (
    'waiting', 'resolving', 'awaiting-approval', 'queued', 'running', 'asking', 'cancelling',
    'succeeded', 'stopped', 'refused', 'expired', 'withdrawn', 'unresolvable', 'cancelled', 'dry-run'));

-- The greater goes first.
ALTER TABLE run ADD COLUMN priority smallint NOT NULL DEFAULT 0;
-- Consent was given by breaking the glass, and nobody has reviewed it yet.
ALTER TABLE run ADD COLUMN owes_review boolean NOT NULL DEFAULT false;

CREATE INDEX run_waiting ON run (system_id, priority DESC, number) WHERE state = 'waiting';
CREATE INDEX run_owes_review ON run (incident_id) WHERE owes_review;

ALTER TABLE step_event DROP CONSTRAINT step_event_is_the_workers;
ALTER TABLE step_event ADD CONSTRAINT step_event_is_the_workers CHECK (
    event ->> 'event' NOT IN ('requested', 'decided', 'expired', 'withdrawn', 'answered', 'checked', 'cancel-asked', 'restored',
                              'called', 'prioritised', 'glass-broken', 'proposed', 'objected', 'reviewed'));

-- A resolved incident is closed when nothing of it is owed any more.
ALTER TABLE incident ADD COLUMN closed_at timestamptz CHECK (closed_at IS NULL OR state = 'resolved');

-- Step 0 is the run as a whole: that the glass was broken.
ALTER TABLE notice DROP CONSTRAINT notice_step_check;
ALTER TABLE notice ADD CONSTRAINT notice_step_check CHECK (step >= 0);
