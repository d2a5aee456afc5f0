-- What a drill would have lost, for each recovery point that the plan promised then. Drills that were over before have none.
ALTER TABLE drill
    ADD COLUMN points jsonb,
    ADD CONSTRAINT drill_points_of_a_recovery CHECK (points IS NULL OR recovered_seconds IS NOT NULL);
