-- Roles as rows, links that let in once, and what one proves oneself by beside a password.

-- What a built-in role allows stands in the program's access table; one of one's own brings its actions.
CREATE TABLE role (
    name text PRIMARY KEY CHECK (name ~ '^[a-z]([a-z0-9]|-[a-z0-9])+$' AND length(name) <= 40),
    actions text[],
    -- Whoever has the role may do nothing but enrol until they have a second factor.
    second_factor boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((actions IS NULL) = (name IN ('viewer', 'responder', 'operator', 'approver', 'administrator')))
);

INSERT INTO role (name) VALUES ('viewer'), ('responder'), ('operator'), ('approver'), ('administrator');

ALTER TABLE app_user
    DROP CONSTRAINT app_user_role_check,
    ADD CONSTRAINT app_user_role_fkey FOREIGN KEY (role) REFERENCES role (name),
    -- Whoever signs in elsewhere, and no person at all, have none.
    ALTER COLUMN password_hash DROP NOT NULL,
    ADD COLUMN signed_in_at timestamptz;

-- The session layer keeps documents; a person's own are found by what is in them.
CREATE INDEX session_of_user ON session ((content #>> '{signed_in,user}'));

-- An invitation, a new password, or the first administrator. The token itself is nowhere.
CREATE TABLE door_link (
    id uuid PRIMARY KEY,
    token_hash text NOT NULL UNIQUE,
    purpose text NOT NULL CHECK (purpose IN ('invitation', 'new-password', 'first-administrator')),
    -- Whose password is lost.
    user_id uuid REFERENCES app_user (id),
    email text,
    name text,
    role text,
    contact_roles text[] NOT NULL DEFAULT '{}'
        CHECK (contact_roles <@ ARRAY['system-administrator', 'database-administrator', 'security-officer']),
    made_by text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    withdrawn_at timestamptz,
    CHECK ((purpose = 'new-password') = (user_id IS NOT NULL)),
    CHECK ((purpose = 'invitation') = (email IS NOT NULL AND name IS NOT NULL AND role IS NOT NULL)),
    CHECK (used_at IS NULL OR withdrawn_at IS NULL)
);

CREATE TABLE totp (
    user_id uuid PRIMARY KEY REFERENCES app_user (id) ON DELETE CASCADE,
    -- Sealed with the install's key, which is not in the database.
    secret bytea NOT NULL,
    -- NULL until the first right code.
    confirmed_at timestamptz,
    -- A code counts once: only steps after this one (RFC 6238, section 5.2).
    last_step bigint NOT NULL DEFAULT 0
);

CREATE TABLE passkey (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    credential_id text NOT NULL UNIQUE,
    name text NOT NULL CHECK (name <> ''),
    credential jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz
);

CREATE INDEX passkey_of_user ON passkey (user_id);

CREATE TABLE recovery_code (
    user_id uuid NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    code_hash text NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, code_hash)
);
