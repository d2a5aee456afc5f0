-- Alerts that lead to nothing for a while, by what their labels say. Ends by itself.

CREATE TABLE alert_silence (
    id uuid PRIMARY KEY,
    system_id uuid NOT NULL REFERENCES system,
    conditions jsonb NOT NULL CHECK (jsonb_array_length(conditions) > 0),
    reason text NOT NULL CHECK (reason <> ''),
    made_by jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    until timestamptz NOT NULL CHECK (until > made_at),
    -- Somebody has ended it before.
    ended_at timestamptz
);

CREATE INDEX alert_silence_of ON alert_silence (system_id, until);
CREATE INDEX alert_muted ON alert (number) WHERE outcome = 'muted' AND ended_at IS NULL;
