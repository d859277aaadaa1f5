-- The daemon's event log: what happened to its accounts, in one sequence.

-- Where the sequence stands.
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Numbers up to this one may have been given: no later event gets one of them.
    newest INTEGER NOT NULL,
    -- Numbers up to this one may have been given to events that are told and never written.
    unwritten_through INTEGER NOT NULL,
    -- The newest event that was dropped to make room.
    dropped_through INTEGER NOT NULL
) STRICT;

INSERT INTO state (id, newest, unwritten_through, dropped_through) VALUES (1, 0, 0, 0);

CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    event BLOB NOT NULL
) STRICT;

CREATE INDEX events_of_account ON events (account, seq);

-- How far the events that wait in each account's store were taken over.
CREATE TABLE sources (
    account TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
