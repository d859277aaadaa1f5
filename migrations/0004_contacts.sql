-- Who asked whom to become a contact, and what came of it.
CREATE TABLE contacts (
    identity BLOB PRIMARY KEY CHECK (length(identity) = 33),
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4), -- none, request sent, request received, accepted, declined
    verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
    added_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
