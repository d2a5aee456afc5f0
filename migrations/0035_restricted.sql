-- Incidents that only some people may see. `seen_by` is what the fold says: who sees it beside those whose role has the right;
-- NULL is everybody who opens the console. All reads ask it.

ALTER TABLE incident
    ADD COLUMN readers jsonb,
    ADD COLUMN seen_by uuid[],
    ADD CONSTRAINT incident_seen_by CHECK ((readers IS NULL) = (seen_by IS NULL) AND seen_by IS DISTINCT FROM '{}');
