-- Kept texts are for incidents or for maintenance, which has no state to say.

ALTER TABLE post_template ADD COLUMN about text NOT NULL DEFAULT 'incident' CHECK (about IN ('incident', 'maintenance'));
ALTER TABLE post_template ADD CHECK (about = 'incident' OR state IS NULL);
