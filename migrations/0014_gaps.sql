-- Messages that were passed over for a later one, those of a chain together. Ages are counted together with those of stored_keys.
CREATE TABLE gaps (
    age INTEGER PRIMARY KEY,
    session BLOB NOT NULL CHECK (length(session) = 32)
        REFERENCES sessions (id) ON DELETE CASCADE,
    chain BLOB NOT NULL CHECK (length(chain) BETWEEN 32 AND 33),
    last INTEGER NOT NULL, -- the number of its last message
    peer BLOB NOT NULL CHECK (length(peer) = 33),
    answered INTEGER NOT NULL CHECK (answered BETWEEN 0 AND 1), -- whether we have sent on the session
    places INTEGER NOT NULL,
    held INTEGER NOT NULL -- places whose key was not used
) STRICT;

-- Their keys in one row: 32 bytes each, and zeros in the place of one that was used. Apart, since whatever changes in a row is
-- written with all of it.
CREATE TABLE gap_keys (
    age INTEGER PRIMARY KEY REFERENCES gaps (age) ON DELETE CASCADE,
    keys BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX gaps_of_chain ON gaps (session, chain, last);
CREATE INDEX gaps_unanswered ON gaps (peer, age, places) WHERE answered = 0;

-- Keys that are kept by themselves: read and not confirmed, or passed over before there were gaps. The id of a message does
-- not tell its chain, so that these stay as they are, and no more of them than strangers may have: those of sessions on which
-- we have never sent, the newest 3000 of an identity and 100,000 in all. What is kept is copied: most may have to go, and each
-- would be looked up in every index.
CREATE TABLE kept_keys (
    age INTEGER PRIMARY KEY,
    message BLOB NOT NULL UNIQUE CHECK (length(message) = 32),
    session BLOB NOT NULL CHECK (length(session) = 32)
        REFERENCES sessions (id) ON DELETE CASCADE,
    key BLOB NOT NULL CHECK (length(key) = 32),
    read_at INTEGER
) STRICT;

INSERT INTO kept_keys (age, message, session, key, read_at)
    SELECT age, message, session, key, read_at FROM (
        SELECT *, row_number() OVER (PARTITION BY bounded ORDER BY age DESC) AS place FROM (
            SELECT *, row_number() OVER (PARTITION BY bounded, peer ORDER BY age DESC) AS place_of_peer FROM (
                SELECT stored_keys.*, peer, sent = 0 AND read_at IS NULL AS bounded
                FROM stored_keys JOIN sessions ON sessions.id = stored_keys.session
                    JOIN session_chains ON session_chains.age = sessions.age))
        WHERE NOT bounded OR place_of_peer <= 3000)
    WHERE NOT bounded OR place <= 100000
    ORDER BY age;

DROP TABLE stored_keys;
ALTER TABLE kept_keys RENAME TO stored_keys;
CREATE INDEX stored_keys_of_session ON stored_keys (session, age);
CREATE INDEX stored_keys_read ON stored_keys (read_at) WHERE read_at IS NOT NULL;
