-- People who can sign in, and their sessions.

CREATE TABLE app_user (
    id uuid PRIMARY KEY,
    email text NOT NULL CHECK (email = lower(email) AND email LIKE '%_@_%'),
    name text NOT NULL CHECK (name <> ''),
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'responder', 'operator', 'approver', 'administrator')),
    contact_roles text[] NOT NULL DEFAULT '{}'
        CHECK (contact_roles <@ ARRAY['system-administrator', 'database-administrator', 'security-officer']),
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT app_user_email_key UNIQUE (email)
);

CREATE TABLE session (
    id text PRIMARY KEY,
    content jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX session_expires_at ON session (expires_at);
