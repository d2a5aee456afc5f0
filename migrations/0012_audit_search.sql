-- The audit log can be searched, its chain has a beginning, and each pen keeps to its own log.

-- What the filters read. Made by Postgres from the hashed text, so it cannot say something else. NUL, which JSON can name and
-- Postgres cannot keep, becomes the replacement character here; the text stays as hashed.
ALTER TABLE audit_entry ADD COLUMN doc jsonb NOT NULL
    GENERATED ALWAYS AS (replace(entry, '\u0000', '\ufffd')::jsonb) STORED;

CREATE INDEX audit_entry_action ON audit_entry ((doc ->> 'action'), seq);
CREATE INDEX audit_entry_object ON audit_entry ((doc ->> 'object'), seq);
-- A person by id, a worker by name, the others by what they are.
CREATE INDEX audit_entry_person ON audit_entry ((coalesce(doc #>> '{by,id}', doc #>> '{by,name}', doc #>> '{by,actor}')), seq);
CREATE INDEX audit_entry_denied ON audit_entry (seq) WHERE doc ->> 'denied' = 'true';
-- Instants in RFC 3339, UTC: to the second they sort as text.
CREATE INDEX audit_entry_at ON audit_entry ((left(doc ->> 'at', 19)), seq);

-- What an empty chain points to; see shared::domain::audit::genesis.
INSERT INTO audit_head (seq, hash) VALUES (0, encode(sha256(convert_to('muster audit chain v1', 'UTF8')), 'hex'))
    ON CONFLICT DO NOTHING;

-- People speak through the server, effects are told by the worker: neither log takes what is the other's to say.
ALTER TABLE run_event ADD CONSTRAINT run_event_is_the_servers CHECK (
    event ->> 'event' NOT IN ('resolved', 'unresolvable', 'claimed', 'step-started', 'step-ended', 'asked', 'guard-refused', 'cancelled', 'finished'));
ALTER TABLE step_event ADD CONSTRAINT step_event_is_the_workers CHECK (
    event ->> 'event' NOT IN ('requested', 'decided', 'expired', 'withdrawn', 'answered', 'checked', 'cancel-asked', 'restored'));
