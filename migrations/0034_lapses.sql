-- What somebody gave by rights they have lost does not come back with them.

-- Since when their rights are what they are: consent given before it does not count. NULL: from the beginning.
ALTER TABLE app_user ADD COLUMN rights_since timestamptz;

CREATE FUNCTION note_rights_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.rights_since := clock_timestamp();
    RETURN NEW;
END $$;

CREATE TRIGGER app_user_rights BEFORE UPDATE ON app_user FOR EACH ROW
    WHEN ((OLD.role, OLD.contact_roles, OLD.active) IS DISTINCT FROM (NEW.role, NEW.contact_roles, NEW.active))
    EXECUTE FUNCTION note_rights_change();

-- A role that loses an action lets everybody's consent lapse who has the role.
CREATE FUNCTION note_role_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE app_user SET rights_since = clock_timestamp() WHERE role = NEW.name;
    RETURN NULL;
END $$;

CREATE TRIGGER role_rights AFTER UPDATE ON role FOR EACH ROW
    WHEN (NOT (NEW.actions @> OLD.actions))
    EXECUTE FUNCTION note_role_change();

-- Who made a link: it opens only while they could make it. Those from before do not say so and are taken back, but for the command
-- line's, which is nobody's account.
ALTER TABLE door_link ADD COLUMN maker_id uuid REFERENCES app_user;

UPDATE door_link SET withdrawn_at = now()
WHERE used_at IS NULL AND withdrawn_at IS NULL AND purpose <> 'first-administrator' AND made_by <> 'command line';
