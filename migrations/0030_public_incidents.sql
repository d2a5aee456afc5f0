-- What the public page reads at every change is found by itself, however many incidents there ever were.

CREATE INDEX incident_public_open ON incident (number) WHERE public_title IS NOT NULL AND resolved_at IS NULL;
CREATE INDEX incident_public_past ON incident (resolved_at DESC, number DESC)
    WHERE public_title IS NOT NULL AND resolved_at IS NOT NULL;
