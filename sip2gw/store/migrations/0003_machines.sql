-- The gateways that use this store. Each writes its row every few seconds, and deletes it when it stops.
CREATE TABLE machines (
    -- Made at each start.
    id TEXT PRIMARY KEY,
    -- The name of the host, and the address at which terminals connect.
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL,
    began {real} NOT NULL,
    seen {real} NOT NULL,
    -- The address of its board; empty without one.
    board TEXT NOT NULL,
    -- JSON: how much is going on, what needs a person, and libraries with terminals or trouble.
    summary TEXT NOT NULL
);

CREATE INDEX machines_seen ON machines (seen);
