-- People who come in by an identity provider (OpenID Connect).

-- Who only comes in that way has no password here.
ALTER TABLE app_user ALTER COLUMN password_hash DROP NOT NULL;

-- Who somebody is at a provider. Never found by e-mail: addresses are given away again, subjects are not.
CREATE TABLE identity (
    issuer text NOT NULL CHECK (issuer <> ''),
    subject text NOT NULL CHECK (subject <> ''),
    user_id uuid NOT NULL REFERENCES app_user (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    PRIMARY KEY (issuer, subject)
);

-- One person is one subject at a provider.
CREATE UNIQUE INDEX identity_user ON identity (user_id, issuer);

-- A sign-in between leaving for the provider and coming back. Taken once, by whoever holds the cookie that `id` is the digest of.
CREATE TABLE sign_in_attempt (
    id text PRIMARY KEY,
    content jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX sign_in_attempt_expires_at ON sign_in_attempt (expires_at);
