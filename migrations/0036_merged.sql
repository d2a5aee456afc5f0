-- One incident that is another one, and incidents that have to do with each other.

ALTER TABLE incident
    ADD COLUMN merged_into bigint REFERENCES incident (number),
    ADD CONSTRAINT incident_merged_is_over CHECK (merged_into IS NULL OR (closed_at IS NOT NULL AND merged_into <> number));

CREATE INDEX incident_merged ON incident (merged_into) WHERE merged_into IS NOT NULL;

-- One row for both; the smaller number first.
CREATE TABLE incident_relation (
    one bigint NOT NULL REFERENCES incident (number),
    other bigint NOT NULL REFERENCES incident (number),
    by jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (one, other),
    CHECK (one < other)
);

CREATE INDEX incident_relation_other ON incident_relation (other);
