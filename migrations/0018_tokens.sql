-- Accounts of programs, and tokens that let in without a session.

ALTER TABLE app_user
    -- A program's account: it has nothing to sign in with.
    ADD COLUMN service boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT app_user_service_has_no_password CHECK (NOT service OR password_hash IS NULL);

CREATE TABLE api_token (
    id uuid PRIMARY KEY,
    owner uuid NOT NULL REFERENCES app_user (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (name <> ''),
    -- How it begins, for people; the token itself is nowhere.
    prefix text NOT NULL,
    token_hash text NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    -- What it may at most; what it may is also what its owner may now.
    actions text[] NOT NULL CHECK (cardinality(actions) > 0),
    made_by text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    last_used_at timestamptz,
    last_used_from text,
    CHECK (expires_at > made_at AND expires_at <= made_at + interval '366 days')
);

CREATE INDEX api_token_of_owner ON api_token (owner, made_at);
