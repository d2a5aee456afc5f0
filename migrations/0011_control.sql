-- Control over runs: cancelling, dry runs, and the freeze that keeps every worker from beginning anything.

ALTER TABLE run ADD COLUMN dry_run boolean NOT NULL DEFAULT false;

ALTER TABLE run DROP CONSTRAINT run_state_check;
ALTER TABLE run ADD CONSTRAINT run_state_check CHECK (state IN (
    'resolving', 'awaiting-approval', 'queued', 'running', 'asking', 'cancelling',
    'succeeded', 'stopped', 'refused', 'expired', 'withdrawn', 'unresolvable', 'cancelled', 'dry-run'));
ALTER TABLE run DROP CONSTRAINT run_check;
ALTER TABLE run ADD CONSTRAINT run_ended_check CHECK (
    (state IN ('succeeded', 'stopped', 'refused', 'expired', 'withdrawn', 'unresolvable', 'cancelled', 'dry-run'))
    = (ended_at IS NOT NULL));

-- One live run per target; a dry run does nothing, so it waits for nobody.
DROP INDEX run_one_live_per_system;
CREATE UNIQUE INDEX run_one_live_per_system ON run (system_id)
    WHERE NOT dry_run AND state IN ('resolving', 'awaiting-approval', 'queued', 'running', 'asking', 'cancelling');

-- One row (FREEZE alone is a word of SQL). Lifting it keeps who had set it, until somebody sets it again.
CREATE TABLE run_freeze (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    frozen boolean NOT NULL,
    by jsonb,
    reason text,
    since timestamptz,
    CHECK (NOT frozen OR (by IS NOT NULL AND reason IS NOT NULL AND since IS NOT NULL))
);

INSERT INTO run_freeze (frozen) VALUES (false);
