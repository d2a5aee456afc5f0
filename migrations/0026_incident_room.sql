-- More states of an incident, its duties, and clocks that are loud once.

ALTER TABLE incident DROP CONSTRAINT incident_state_check;
ALTER TABLE incident DROP CONSTRAINT incident_check3;
-- Named by Postgres: resolved with its instant, declared without an answer, closed once resolved.
ALTER TABLE incident DROP CONSTRAINT incident_check;
ALTER TABLE incident DROP CONSTRAINT incident_check1;

UPDATE incident SET state = 'recovering' WHERE state = 'working';
UPDATE incident SET state = 'closed' WHERE closed_at IS NOT NULL;

ALTER TABLE incident ADD CONSTRAINT incident_state_check CHECK (state IN (
    'declared', 'acknowledged', 'identified', 'recovering', 'monitoring', 'resolved', 'closed'));
ALTER TABLE incident ADD CONSTRAINT incident_resolved_with_instant
    CHECK ((state IN ('resolved', 'closed')) = (resolved_at IS NOT NULL));
ALTER TABLE incident ADD CONSTRAINT incident_closed_with_instant CHECK ((state = 'closed') = (closed_at IS NOT NULL));
ALTER TABLE incident ADD CONSTRAINT incident_declared_unanswered CHECK ((state = 'declared') = (acknowledged_at IS NULL));

DROP INDEX incident_open;
CREATE INDEX incident_open ON incident (number) WHERE resolved_at IS NULL;

ALTER TABLE incident ADD COLUMN duties jsonb NOT NULL DEFAULT '[]';
ALTER TABLE incident ADD COLUMN posted_at timestamptz;
ALTER TABLE incident ADD COLUMN told_overdue jsonb NOT NULL DEFAULT '[]';
-- When the next clock runs out. The server looks then, and says so once.
ALTER TABLE incident ADD COLUMN next_due_at timestamptz;
CREATE INDEX incident_due ON incident (next_due_at) WHERE next_due_at IS NOT NULL;

-- Open ones are looked at once, which sets it right.
UPDATE incident SET next_due_at = now() WHERE resolved_at IS NULL;
UPDATE incident i SET posted_at = (
    SELECT max(at) FROM incident_event e WHERE e.incident_id = i.id AND e.event ->> 'event' = 'posted');
