-- One worker at a time acts on a Docker host, however many there are. The host is named by its engine's own ID.

CREATE TABLE host_lock (
    host text PRIMARY KEY,
    -- For people: two workers may have the same name, the fence tells them apart.
    worker text NOT NULL,
    -- Raised whenever another worker takes the host over.
    fence bigint NOT NULL,
    lease_until timestamptz NOT NULL
);
