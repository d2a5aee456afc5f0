-- People who asked to be told by mail, what they are told, and what became of it.

CREATE TABLE subscriber (
    id uuid PRIMARY KEY,
    -- A keyed digest of the address: finds it, and says nothing to who has only the database.
    address_key text NOT NULL UNIQUE,
    -- The address and the tokens of its links, sealed with the install's key.
    sealed bytea NOT NULL,
    -- Of the link that ends it.
    token_hash text NOT NULL UNIQUE,
    -- SYSTEM/COMPONENT each; empty: everything.
    components text[] NOT NULL DEFAULT '{}',
    -- What is wanted once the link in the mail has been followed.
    wanted text[] NOT NULL DEFAULT '{}',
    confirm_hash text UNIQUE,
    confirm_until timestamptz,
    asked_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    -- Mails in a row that could not be delivered.
    n_failures integer NOT NULL DEFAULT 0,
    CHECK ((confirm_hash IS NULL) = (confirm_until IS NULL)),
    CHECK (confirm_hash IS NOT NULL OR confirmed_at IS NOT NULL)
);

-- What was said to all of them: one row however many they are.
CREATE TABLE announcement (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    body text NOT NULL,
    -- Where it leads, from the root.
    link text NOT NULL,
    at timestamptz NOT NULL
);

CREATE TABLE letter (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- As the outbox's: what was queued before a restore is not sent.
    world uuid NOT NULL,
    -- Who leaves takes what was still to be sent along.
    subscriber uuid NOT NULL REFERENCES subscriber ON DELETE CASCADE,
    -- NULL: the mail with the link that confirms the address.
    announcement bigint REFERENCES announcement,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'maybe-sent', 'failed', 'kept')),
    n_attempts integer NOT NULL DEFAULT 0,
    -- When it is due; while it is being sent, when whoever does so is given up.
    next_at timestamptz,
    lease uuid,
    said text,
    queued_at timestamptz NOT NULL,
    ended_at timestamptz,
    UNIQUE (announcement, subscriber),
    CHECK ((state = 'sending') = (lease IS NOT NULL)),
    CHECK ((next_at IS NULL) = (ended_at IS NOT NULL))
);

CREATE INDEX letter_due ON letter (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX letter_of_subscriber ON letter (subscriber);
CREATE INDEX letter_ended ON letter (ended_at) WHERE ended_at IS NOT NULL;
